// The program on the command line: helps, exit codes, and what each command says of a store.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { event } from './client.mjs';
import { CRUMB, Server, crumb, eventually, site, sleep, withServer } from './server.mjs';

const COMMANDS = ['serve', 'check', 'lint', 'stat', 'verify', 'dump', 'query', 'export', 'watch', 'key', 'token'];
const TIERS = ['journal', 'ledger', 'visitors', 'books', 'days', 'notices', 'segment', 'rollup'];
const SEALED = ['segment', 'rollup']; // of days that are over

// A folder with a configuration that no server ever used.
async function withFolder(config, act) {
    const folder = new Server(config);
    try {
        await act(folder);
    } finally {
        folder.cleanup();
    }
}

describe('crumb', { timeout: 60_000 }, () => {
    for (const word of ['help', '--help', '-h'])
        it(`${word} lists every command`, async () => {
            const { code, stdout, stderr } = await crumb([word]);
            assert.deepEqual([code, stderr], [0, '']);
            for (const command of COMMANDS) assert.match(stdout, new RegExp(`^  ${command} +\\w`, 'm'));
        });

    it('help COMMAND tells what COMMAND --help does', async () => {
        for (const command of COMMANDS)
            assert.deepEqual(await crumb(['help', command]), await crumb([command, '--help']));
        const { code, stdout, stderr } = await crumb(['help', 'frobnicate']);
        assert.deepEqual([code, stdout], [2, '']);
        assert.match(stderr, /there is no command `frobnicate`/);
    });

    it('tells its version', async () => {
        const { code, stdout } = await crumb(['version']);
        assert.equal(code, 0, CRUMB);
        assert.match(stdout, /^crumb \d+\.\d+\.\d+\n$/);
    });

    for (const args of [[], [''], ['frobnicate'], ['--frobnicate']])
        it(`of ${args[0] || 'nothing'} is wrong use: exit code 2 and the help on standard error`, async () => {
            const { code, stdout, stderr } = await crumb(args);
            assert.deepEqual([code, stdout], [2, '']);
            assert.match(stderr, /usage: crumb COMMAND/);
        });

    for (const command of COMMANDS) {
        it(`${command} --help tells how it is used`, async () => {
            const { code, stdout, stderr } = await crumb([command, '--help']);
            assert.deepEqual([code, stderr], [0, '']);
            assert.match(stdout, new RegExp(`^crumb ${command} -`));
            assert.ok(stdout.split('\n').length > 2);
        });

        it(`${command} used wrongly exits with 2 and says how it is right`, async () => {
            for (const args of [[], ['--frobnicate'], ['-c'], ['-c', 'a.yaml', 'x', 'y', 'z']]) {
                const { code, stdout, stderr } = await crumb([command, ...args]);
                assert.deepEqual([code, stdout], [2, ''], args.join(' '));
                assert.match(stderr, new RegExp(`^crumb ${command}: .*\\nusage: crumb ${command} -`));
            }
        });
    }
});

describe('crumb check', { timeout: 60_000 }, () => {
    it('is content with a good file', async () => {
        await withFolder({}, async (folder) => {
            const { code, stdout, stderr } = await folder.run('check');
            assert.deepEqual([code, stderr], [0, '']);
            assert.match(stdout, /crumb\.yaml is good: 1 site\n$/);
        });
    });

    it('names every mistake of a broken file with its line, and exits with 1', async () => {
        await withFolder({}, async (folder) => {
            writeFileSync(folder.file, [
                'data: ./data',
                'colour: red',
                'listen: {public: nowhere, private: 127.0.0.1:0}',
                'threads: many',
                'sites:',
                '  shop:',
                '    origins: [shop.example]',
                '    controller: {name: Shop, contact: privacy@shop.example}',
                '    purposes:',
                '      analytics: {collects: [everything]}',
                '  Shop!: {}',
            ].join('\n'));
            const { code, stdout, stderr } = await folder.run('check');
            assert.deepEqual([code, stdout], [1, '']);
            for (const line of [2, 3, 4, 7, 10, 11])
                assert.match(stderr, new RegExp(`^\\S+crumb\\.yaml:${line}: .+`, 'm'), stderr);
            assert.match(stderr, /^crumb: \d+ mistakes in .*crumb\.yaml$/m);
        });
    });

    it('names texts that nothing would show, and what they may have meant', async () => {
        const texts = { de: { titel: 'a', 'purpose.analitics.title': 'b', 'purpose.analytics.titel': 'c' } };
        await withFolder({ sites: { shop: site({ texts }) } }, async (folder) => {
            const { code, stderr } = await folder.run('check');
            assert.equal(code, 1);
            assert.match(stderr, /crumb\.yaml:\d+: sites\.shop\.texts\.de\.titel: unknown text "titel"; did you mean "title"\?$/m);
            assert.match(stderr, /de\.purpose\.analitics\.title: unknown purpose "analitics"; did you mean "analytics"\?$/m);
            assert.match(stderr, /de\.purpose\.analytics\.titel: unknown text of a purpose "titel"; did you mean "title"\?$/m);
            assert.match(stderr, /^crumb: 3 mistakes in /m);
        });
    });

    it('names the site whose notice is too large; and the server does not start', async () => {
        const large = { texts: { fr: { title: '{purposes}'.repeat(300), 'purpose.journeys.title': 'x'.repeat(1000) } } };
        await withFolder({ sites: { shop: site(), other: site(large) } }, async (folder) => {
            const [check, serve] = [await folder.run('check'), await folder.run('serve')];
            assert.deepEqual([check.code, serve.code], [1, 1]);
            assert.match(check.stderr, /crumb\.yaml:\d+: sites\.other: the notice in fr is larger than 64 KiB; shorten /);
            assert.match(check.stderr, /^crumb: 1 mistake in /m);
            assert.equal(check.stderr, serve.stderr);
        });
    });

    for (const [name, text] of [
        ['that is empty', ''],
        ['that is no YAML', 'data: [\n'],
        ['that is no text', '\xff\xfe\x00'],
        ['of a list', '- a\n'],
        ['that names itself without end', 'a: &a [*a]\n'],
    ])
        it(`refuses a file ${name}`, async () => {
            await withFolder({}, async (folder) => {
                writeFileSync(folder.file, text, 'latin1');
                const { code, stderr } = await folder.run('check');
                assert.equal(code, 1);
                assert.match(stderr, /crumb\.yaml:\d+: /);
            });
        });

    it('refuses a file that is not there', async () => {
        const { code, stderr } = await crumb(['check', '-c', '/nonexistent/crumb.yaml']);
        assert.equal(code, 1);
        assert.match(stderr, /cannot be read/);
    });

    it('refuses what the server refuses', async () => {
        await withFolder({ colour: 'red' }, async (folder) => {
            const [check, serve] = [await folder.run('check'), await folder.run('serve')];
            assert.deepEqual([check.code, serve.code], [1, 1]);
            assert.equal(check.stderr, serve.stderr);
        });
    });
});

describe('crumb lint', { timeout: 60_000 }, () => {
    const careful = {
        trusted_proxies: ['127.0.0.1'],
        sites: {
            shop: site({
                controller: { name: 'Example', address: '1 Market Street', contact: 'privacy@shop.example' },
                storage: { country: 'DE' },
                purposes: { analytics: { collects: ['log'] } },
            }),
        },
    };

    it('is content with a careful file', async () => {
        await withFolder(careful, async (folder) => {
            const { code, stdout, stderr } = await folder.run('lint');
            assert.deepEqual([code, stderr], [0, '']);
            assert.match(stdout, /crumb\.yaml: nothing doubtful was found\n$/);
        });
    });

    it('is content with the demo', async () => {
        const demo = fileURLToPath(new URL('../../web/demo/crumb.yaml', import.meta.url));
        const { code, stdout } = await crumb(['lint', '-c', demo]);
        assert.equal(code, 0, stdout);
    });

    it('lists each doubt by line, with what to write and the rule, and exits with 1', async () => {
        await withFolder({}, async (folder) => {
            writeFileSync(folder.file, [
                'data: ./data',
                'listen:',
                '  public: 192.0.2.1:80',
                '  private: 127.0.0.1:0',
                'sites:',
                '  shop:',
                '    origins:',
                '      - https://shop.example',
                '      - http://shop.example',
                '    controller: {name: Shop, address: here, contact: privacy@shop.example}',
                '    retention: {visitor: 14mo}',
            ].join('\n'));
            const { code, stdout, stderr } = await folder.run('lint');
            assert.deepEqual([code, stderr], [1, `crumb: 4 doubts in ${folder.file}\n`]);
            const doubts = stdout.trimEnd().split('\n').map((line) => line.slice(folder.file.length));
            const starts = [
                ':3: listen.public: ',
                ':6: sites.shop.storage.country: ',
                ':9: sites.shop.origins[1]: ',
                ':11: sites.shop.retention.visitor: ',
            ];
            assert.deepEqual(doubts.map((doubt, i) => doubt.slice(0, starts[i]?.length)), starts);
            for (const doubt of doubts) assert.match(doubt, /: \S.+; .*write .+ \([a-z-]+: [A-Z].+\)$/);
        });
    });

    it('reads a file that can be read once only', async () => {
        await withFolder(careful, async (folder) => {
            const output = execFileSync('sh', ['-c', '"$1" lint -c /dev/stdin <"$2"', 'sh', CRUMB, folder.file]);
            assert.match(String(output), /nothing doubtful/);
        });
    });

    it('refuses what check refuses, and says the same', async () => {
        await withFolder({ colour: 'red' }, async (folder) => {
            const [check, lint] = [await folder.run('check'), await folder.run('lint')];
            assert.deepEqual([lint.code, lint.stdout], [1, '']);
            assert.equal(lint.stderr, check.stderr);
        });
    });

    it('counts the doubts that it does not list', async () => {
        const sites = Object.fromEntries(Array.from({ length: 120 }, (_, i) => [
            `s${i}`, { ...careful.sites.shop, origins: [`https://s${i}.example`], storage: {} }]));
        await withFolder({ ...careful, sites }, async (folder) => {
            const { code, stdout, stderr } = await folder.run('lint');
            assert.equal(code, 1);
            assert.equal(stdout.trimEnd().split('\n').length, 100);
            assert.match(stderr, /^crumb: 120 doubts in /);
        });
    });
});

describe('a command that reads the store', { timeout: 60_000 }, () => {
    for (const [command, ...args] of [['stat'], ['verify'], ['dump', 'journal'], ['query', '--site', 'shop']])
        it(`says so where there is none: ${command} exits with 3`, async () => {
            await withFolder({}, async (folder) => {
                const { code, stdout, stderr } = await folder.run(command, args);
                assert.deepEqual([code, stdout], [3, '']);
                assert.match(stderr, /there is no store in .*; `crumb serve` makes it/);
            });
        });

    it('works beside the server and without it, and gives the same', async () => {
        await withServer({}, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            await visitor.beacon();
            const commands = [['stat'], ['verify'], ...TIERS.map((tier) => ['dump', [tier]])];
            // The service puts on record meanwhile who read what, which may take pages.
            const run = async (command) => {
                const { stdout, ...rest } = await server.run(...command);
                return { ...rest, stdout: stdout.replace(/(?<="bytes":)\d+/, 'some') };
            };
            const all = () => Promise.all(commands.map(run));
            const beside = await all();
            await server.stop();
            assert.deepEqual(await all(), beside);
            for (const { code, stderr } of beside) assert.deepEqual([code, stderr], [0, '']);
        });
    });

    it('says so where the store is of another version or no store at all', async () => {
        await withServer({}, async (server) => {
            await server.stop();
            writeFileSync(join(server.data, 'crumb.mdb'), Buffer.alloc(8192, 'x'));
            for (const command of ['stat', 'verify', 'serve']) {
                const { code, stderr } = await server.run(command);
                assert.equal(code, 3);
                assert.match(stderr, /^crumb: /);
            }
            rmSync(server.data, { recursive: true });
            await server.launch();
        });
    });
});

describe('output that cannot be written', { timeout: 60_000 }, () => {
    it('is a failure of the system: exit code 3 and the reason', async () => {
        await withServer({}, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            await visitor.beacon();
            await server.stop();
            const ofStore = [['stat'], ['verify'], ['dump', 'ledger'], ['query', '--site', 'shop'], ['check']];
            const others = [['help'], ['version'], ['query', '--help'], ['token', '--name', 'a', '--role', 'admin']];
            for (const args of [...ofStore.map(([name, ...rest]) => [name, '-c', server.file, ...rest]), ...others]) {
                const { status, stderr } = spawnSync('sh', ['-c', '"$0" "$@" >/dev/full', CRUMB, ...args], { encoding: 'utf8' });
                assert.equal(status, 3, args.join(' '));
                assert.match(stderr, /cannot write to standard output: No space left on device/, args.join(' '));
            }
        });
    });
});

describe('crumb stat', { timeout: 60_000 }, () => {
    it('is one JSON object that tells how much there is, with every reason in the books', async () => {
        await withServer({}, async (server) => {
            const [visitor, other] = [server.visitor(), server.visitor()];
            await visitor.chose('grant');
            await other.chose('deny');
            await visitor.events([event(), event(), 'rubbish']);
            await other.beacon();
            const { bytes, accounting, ...counts } = await server.stat();
            assert.deepEqual(counts, { events: 2, removed: 0, left: [], visitors: 1, ledger: 2, segments: 0, segment_bytes: 0, rollups: 0, rollup_bytes: 0 });
            assert.ok(bytes > 0);
            const { dropped, ...sums } = accounting;
            assert.deepEqual(sums, { received: 4, stored: 2 });
            const none = ['gpc', 'minor', 'restricted', 'stale_notice', 'bad_id', 'unknown_site', 'bad_origin',
                'rate_limited', 'duplicate', 'too_large'].map((reason) => [reason, 0]);
            assert.deepEqual(dropped, { no_consent: 1, malformed: 1, ...Object.fromEntries(none) });
        });
    });
});

describe('crumb verify', { timeout: 60_000 }, () => {
    it('lists what it checked, and counts', async () => {
        await withServer({}, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            await visitor.beacon();
            for (const args of [[], ['--rebuild']]) {
                const { code, stdout } = await server.run('verify', args);
                assert.equal(code, 0);
                for (const check of ['ledger', 'visitors', 'journal', 'books', 'segments', 'rollups', 'sequence'])
                    assert.match(stdout, new RegExp(`^good +${check}$`, 'm'));
                assert.match(stdout, /^1 ledger records, 1 events$/m);
            }
        });
    });
});

describe('crumb dump', { timeout: 60_000 }, () => {
    it('prints each tier as JSON lines, of all sites or of one', async () => {
        const sites = { shop: site(), other: site({ origins: ['https://other.example'] }) };
        await withServer({ sites }, async (server) => {
            for (const name of ['shop', 'other']) {
                const visitor = server.visitor({ site: name });
                await visitor.chose('grant');
                await visitor.beacon();
            }
            for (const tier of TIERS) {
                const rows = await server.dump(tier);
                if (!SEALED.includes(tier)) assert.ok(rows.length >= 2, tier);
                if (tier === 'notices' || SEALED.includes(tier)) continue;
                const { stdout } = await server.run('dump', [tier, '--site', 'other']);
                const some = stdout.split('\n').filter(Boolean).map(JSON.parse);
                assert.deepEqual(some, rows.filter((row) => row.site === 'other'), tier);
                assert.equal(some.length, 1, tier);
            }
        });
    });

    it('refuses a tier and a site that are not there', async () => {
        await withServer({}, async (server) => {
            for (const args of [[], ['everything'], ['journal', '--site', 'nowhere'], ['journal', 'ledger'],
                ['journal', '--day', '2026-01-01'], ['segment', '--day', '2026-02-30']]) {
                const { code, stdout } = await server.run('dump', args);
                assert.deepEqual([code, stdout], [2, ''], args.join(' '));
            }
        });
    });
});

describe('crumb token', { timeout: 60_000 }, () => {
    it('never gives the same token twice', async () => {
        const make = () => crumb(['token', '--name', 'a', '--role', 'admin']);
        const made = await Promise.all(Array.from({ length: 5 }, make));
        assert.equal(new Set(made.map(({ stdout }) => stdout)).size, made.length);
    });

    for (const name of ['null', 'NULL', '-', '.a', '7', 'true', 'a'.repeat(63)])
        it(`prints a line that the configuration takes: the name ${name}`, async () => {
            await withFolder({ sites: { shop: site(), null: site({ origins: ['https://null.example'] }) } }, async (folder) => {
                const args = ['token', '--name', name, '--role', 'analyst', '--site', 'shop', '--site', 'null'];
                const [, line] = (await crumb(args)).stdout.split('\n');
                const rest = JSON.stringify(folder.config).slice(1, -1);
                writeFileSync(folder.file, `{${rest}, "tokens": [${line.replace(/^- /, '')}]}`);
                const { code, stderr } = await folder.run('check');
                assert.deepEqual([code, stderr], [0, ''], line);
            });
        });

    for (const [role, ...sites] of [['analyst', 'shop'], ['privacy', 'shop'], ['admin', 'shop'], ['admin']])
        it(`prints a line that the configuration takes: ${role} of ${sites[0] ?? 'every site'}`, async () => {
            await withFolder({}, async (folder) => {
                const args = ['token', '--name', 'a', '--role', role, ...sites.flatMap((name) => ['--site', name])];
                const [, line] = (await crumb(args)).stdout.split('\n');
                const rest = JSON.stringify(folder.config).slice(1, -1);
                writeFileSync(folder.file, `{${rest}, "tokens": [${line.replace(/^- /, '')}]}`);
                const { code, stderr } = await folder.run('check');
                assert.deepEqual([code, stderr], [0, '']);
            });
        });

    it('refuses what the configuration would refuse', async () => {
        for (const args of [['--name', 'a'], ['--role', 'admin'], ['--name', 'a b', '--role', 'admin'],
            ['--name', 'a', '--role', 'boss'], ['--name', 'a', '--role', 'analyst'],
            ['--name', 'a', '--role', 'analyst', '--site', 'a}, x: {'], ['--name', '', '--role', 'admin'],
            ['--name', 'a'.repeat(64), '--role', 'admin'], ['--name', 'a', '--role', 'admin', '--site', 'a'.repeat(64)],
            ['--name', 'a', '--role', 'admin', '--site', 'Shop']]) {
            const { code, stdout } = await crumb(['token', ...args]);
            assert.deepEqual([code, stdout], [2, ''], args.join(' '));
        }
    });
});

describe('crumb serve', { timeout: 60_000 }, () => {
    it('says what is kept of a site that left the configuration, and goes on with its retention', async () => {
        const old = site({ origins: ['https://old.example'], retention: { visitor: '3s', choice: '3s' } });
        await withServer({ sites: { shop: site(), old, other: site({ origins: ['https://other.example'] }) } }, async (server) => {
            const [visitor, second] = [server.visitor({ site: 'old' }), server.visitor({ site: 'shop' })];
            await second.chose('grant');
            await visitor.chose('grant');
            assert.equal((await visitor.beacon({ url: 'https://old.example/left' })).result.stored, 1);
            assert.deepEqual((await server.stat()).left, []);
            server.expect(/^crumb: warning: site old left the configuration: /);
            await server.reload({ ...server.config, sites: { shop: site() } });
            assert.match(server.child.output.stderr, /site old left the configuration: 1 visitors, 1 days of events, 1 of visits and 0 requests are kept; they expire as was configured last, by \d{4}-\d\d-\d\d; visitors can use their rights only while it is configured/);
            assert.doesNotMatch(server.child.output.stderr, /site other left/, 'nothing is kept of it');
            const [left, ...more] = (await server.stat()).left;
            assert.deepEqual([left.site, left.event_days, left.visit_days, left.requests, more], ['old', 1, 1, 0, []]);
            assert.ok(left.until > new Date().toISOString().slice(0, 10));
            (await visitor.ask('GET', '/v1/me?site=old')).error(404);
            const { stdout } = await server.run('retention');
            assert.match(stdout, /^old +journal +kept from /m);
            assert.match(stdout, /^Not in the configuration any more: old, other; /m);
            server.expect(/^crumb: warning: site old left/);
            await sleep(3000);
            await server.restart(); // the keeper looks at once
            await eventually('the row being removed', async () => (await server.dump('visitors')).length === 1);
            const gone = (await server.dump('audit')).find(({ act, site: name }) => act === 'expired' && name === 'old');
            assert.deepEqual([gone.object, gone.details], ['visitors', '1 rows']);
            assert.match(server.child.output.stderr, /site old left the configuration: /);
        });
    });

    it('refuses a cookie key that others may read, or that is none', async () => {
        await withServer({}, async (server) => {
            const key = join(server.data, 'cookie.key');
            await server.stop();
            chmodSync(key, 0o644);
            const open = await server.run('serve');
            assert.equal(open.code, 3);
            assert.match(open.stderr, /data\/cookie\.key: others may read this key; chmod 600 it/);
            chmodSync(key, 0o600);
            const bytes = readFileSync(key);
            writeFileSync(key, 'short');
            const short = await server.run('serve');
            assert.equal(short.code, 3);
            assert.match(short.stderr, /data\/cookie\.key: this is no key/);
            writeFileSync(key, bytes);
            await server.launch();
        });
    });

    it('refuses a data folder that cannot be made', async () => {
        await withFolder({ data: '/proc/crumb' }, async (folder) => {
            const { code, stderr } = await folder.run('serve');
            assert.equal(code, 3);
            assert.match(stderr, /^crumb: error: .*\/proc\/crumb/);
        });
    });
});

describe('crumb export', { timeout: 60_000 }, () => {
    const DAY = /^(\d{4}-\d\d-\d\d)T/;

    async function rowsOf(server, ...args) {
        const { code, stdout, stderr } = await server.run('export', ['--site', 'shop', ...args]);
        assert.equal(code, 0, stderr);
        return stdout;
    }

    it('prints a row a hit, in both forms, while the server runs', async () => {
        await withServer({}, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            for (const path of ['/one', '/two,three']) await visitor.beacon({ url: `https://shop.example${path}` });
            const rows = (await rowsOf(server)).split('\n').filter(Boolean).map(JSON.parse);
            assert.deepEqual(rows.map((row) => row.path), ['/one', '/two,three']);
            assert.deepEqual(rows.map(({ visitor, visit, hit }) => [visitor, visit, hit]), [[1, 1, 1], [1, 1, 2]]);
            const csv = (await rowsOf(server, '--format', 'csv')).split('\r\n');
            assert.match(csv[0], /^time,visitor,visit,hit,event,/);
            assert.equal(csv.length, 4);
            assert.match(csv[2], /,"\/two,three",/);
        });
    });

    it('does not tell who it was', async () => {
        await withServer({}, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            await visitor.beacon();
            const [{ visitor: id }] = await server.dump('journal');
            assert.match(id, /^[0-9a-f]{32}$/);
            assert.ok(!(await rowsOf(server)).includes(id));
        });
    });

    it('gives the days that were asked for, and nothing where there is none', async () => {
        await withServer({}, async (server) => {
            assert.equal(await rowsOf(server), '');
            const visitor = server.visitor();
            await visitor.chose('grant');
            await visitor.beacon();
            const [{ day }] = await server.dump('journal');
            assert.match(JSON.parse(await rowsOf(server, '--from', day, '--to', day)).time, DAY);
            assert.equal(await rowsOf(server, '--to', '2020-01-01'), '');
            assert.equal(await rowsOf(server, '--from', '2100-01-01'), '');
        });
    });

    it('refuses what it cannot do', async () => {
        await withServer({}, async (server) => {
            for (const args of [[], ['--site', 'nowhere'], ['--site', 'shop', '--format', 'xml'],
                ['--site', 'shop', '--from', 'yesterday'], ['--site', 'shop', 'more']]) {
                const { code, stdout } = await server.run('export', args);
                assert.deepEqual([code, stdout], [2, ''], args.join(' '));
            }
        });
    });
});
