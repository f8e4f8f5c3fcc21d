// The ledger's head: signed, and what finds a ledger that was cut short or written anew as a whole.
import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually, site, sleep, withServer } from './server.mjs';

// An Ed25519 key as Node.js takes it: RFC 8410 section 4.
const keyOf = (base64) =>
    createPublicKey({
        key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(base64, 'base64')]),
        format: 'der',
        type: 'spki',
    });

const messageOf = ({ records, sequence, hash, time }) => `crumb ledger head 1\n${records}\n${sequence}\n${hash}\n${time}\n`;

async function headOf(server, records) {
    return eventually(`a head of ${records} records`, async () => {
        const head = (await server.get('/v1/ledger/head')).json();
        return head.records === records && head;
    });
}

// Writes @head beside the configuration; gives the arguments.
function headFile(server, head, name = 'head.json') {
    const file = join(server.folder, name);
    writeFileSync(file, typeof head === 'string' ? head : JSON.stringify(head));
    return ['--head', file];
}

const choose = async (server, n, action = 'grant') => {
    for (let i = 0; i < n; i++) await server.visitor().chose(action);
};

describe('the head of the ledger', { timeout: 120_000 }, () => {
    it('is signed by the key of this store, at most once a second', async () => {
        await withServer({ sites: { shop: site() } }, async (server) => {
            const empty = await headOf(server, 0);
            assert.equal(empty.hash, '0'.repeat(64));
            await choose(server, 3);
            const head = await headOf(server, 3);
            const last = (await server.dump('ledger')).at(-1);
            assert.equal(head.hash, last.hash);
            assert.equal(head.sequence, last.sequence);
            assert.match(head.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
            assert.ok(Math.abs(Date.parse(head.time) - Date.now()) < 10_000);
            assert.ok(verify(null, messageOf(head), keyOf(head.key), Buffer.from(head.signature, 'base64')));
            assert.ok(!verify(null, messageOf({ ...head, records: 2 }), keyOf(head.key), Buffer.from(head.signature, 'base64')));
            assert.equal(head.key, empty.key);

            const answers = await Promise.all(Array.from({ length: 40 }, () => server.get('/v1/ledger/head')));
            assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
            assert.ok(new Set(answers.map(({ text }) => text)).size <= 2, 'one a second');
            assert.equal(answers[0].headers['cache-control'], 'public, max-age=1');
            assert.equal(answers[0].headers['access-control-allow-origin'], '*');
        });
    });

    it('has a key that only the service can read, kept over restarts, and named when it cannot be used', async () => {
        await withServer({ sites: { shop: site() } }, async (server) => {
            const { key } = (await server.get('/v1/ledger/head')).json();
            const file = join(server.data, 'ledger.key');
            assert.equal(statSync(file).mode & 0o777, 0o600);
            assert.equal(statSync(file).size, 32);
            await server.restart();
            assert.equal((await server.get('/v1/ledger/head')).json().key, key);
            await server.stop();
            const seed = readFileSync(file);
            writeFileSync(file, 'short');
            const { code, stderr } = await server.run('serve');
            assert.equal(code, 3);
            assert.match(stderr, /ledger\.key/);
            writeFileSync(file, seed);
            await server.launch();
        });
    });
});

describe('crumb verify --head', { timeout: 120_000 }, () => {
    it('is content with every head that the ledger continues, and with the one it has', async () => {
        await withServer({ sites: { shop: site() } }, async (server) => {
            const heads = [await headOf(server, 0)];
            for (let n = 1; n <= 3; n++) {
                await choose(server, 1);
                await sleep(1000); // heads are made once a second
                heads.push(await headOf(server, n));
            }
            const args = heads.flatMap((head, i) => headFile(server, head, `head${i}.json`));
            const { code, stdout } = await server.run('verify', args);
            assert.equal(code, 0, stdout);
            assert.match(stdout, /^good +heads$/m);
            for (const { records, key } of heads)
                assert.ok(stdout.includes(`${records} records at `) && stdout.includes(key), stdout);
        });
    });

    it('finds a ledger that was cut short, or written anew from there, though its chain is whole', async () => {
        await withServer({ sites: { shop: site() } }, async (server) => {
            const store = join(server.data, 'crumb.mdb');
            await choose(server, 2);
            await server.stop();
            copyFileSync(store, join(server.folder, 'earlier.mdb'));
            await server.launch();
            await choose(server, 2);
            const args = headFile(server, await headOf(server, 4));
            await server.stop();
            assert.equal((await server.run('verify', args)).code, 0);

            copyFileSync(join(server.folder, 'earlier.mdb'), store);
            assert.equal((await server.run('verify')).code, 0, 'alone it looks whole');
            const short = await server.run('verify', args);
            assert.equal(short.code, 1);
            assert.match(short.stdout, /^wrong +ledger: it does not continue the head of .*head\.json$/m);

            await server.launch();
            await choose(server, 3, 'deny');
            assert.equal((await server.run('verify')).code, 0, 'and so does this');
            assert.equal((await server.run('verify', args)).code, 1);
        });
    });

    it('takes no head that its key did not sign, and nothing that is none', async () => {
        await withServer({ sites: { shop: site() } }, async (server) => {
            await choose(server, 1);
            const head = await headOf(server, 1);
            for (const [name, what, code] of [
                ['a changed count', { ...head, records: 0 }, 1],
                ['a changed time', { ...head, time: '2020-01-01T00:00:00Z' }, 1],
                ['no head', '{}', 2],
                ['no JSON', 'head', 2],
            ])
                assert.equal((await server.run('verify', headFile(server, what))).code, code, name);
            assert.equal((await server.run('verify', ['--head', join(server.folder, 'nowhere.json')])).code, 3);
        });
    });
});

describe('crumb dump ledger --record', { timeout: 120_000 }, () => {
    const proofOf = async (server, record) => {
        const { code, stdout, stderr } = await server.run('dump', ['ledger', '--record', String(record)]);
        assert.equal(code, 0, stderr);
        return { ...JSON.parse(stdout), text: stdout };
    };

    it('shows what was shown, what was chosen, that the chain holds, and what relied on it', async () => {
        await withServer({ sites: { shop: site({ texts: { de: { title: 'Ihre Wahl' } } }), other: site() } }, async (server) => {
            const visitor = server.visitor();
            const { hash } = await visitor.notice('de');
            const receipt = await visitor.chose('grant', { notice: hash, lang: 'de' });
            await visitor.beacon();
            await visitor.beacon({ e: 'pp' });
            const stranger = server.visitor();
            await stranger.chose('grant');
            await stranger.beacon();
            const refused = await server.visitor().chose('deny');

            const shown = await server.get(`/v1/notice/${hash}`);
            const proof = await proofOf(server, receipt.id);
            const [row] = await server.dump('ledger');
            assert.deepEqual(proof.record, row);
            assert.ok(proof.text.includes(`"notice":${shown.text},"chain"`), 'byte for byte');
            assert.equal(proof.notice.texts.title, 'Ihre Wahl');
            assert.equal(proof.chain.holds, true);
            assert.equal(proof.chain.head.records, 3);
            const times = (await server.dump('journal')).filter(({ consent }) => consent === row.sequence)
                .map(({ log }) => new Date(Number(log.at_ms)).toISOString()).sort();
            assert.deepEqual(proof.events, { n: 2, first: times[0], last: times.at(-1) });
            assert.deepEqual(await proofOf(server, row.sequence), proof);
            assert.deepEqual((await proofOf(server, refused.id)).events, { n: 0, first: null, last: null });
        });
    });

    it('tells the day alone where the choice covers no times', async () => {
        const purposes = { journeys: { collects: ['clickpath'] } };
        await withServer({ sites: { shop: site({ purposes }) } }, async (server) => {
            const visitor = server.visitor();
            const receipt = await visitor.chose('grant');
            assert.equal((await visitor.beacon({ e: 'se', se_ca: 'click' })).result.stored, 1);
            const { events } = await proofOf(server, receipt.id);
            const today = new Date().toISOString().slice(0, 10);
            assert.deepEqual(events, { n: 1, first: today, last: today });
        });
    });

    it('says what is wrong with its name', async () => {
        await withServer({ sites: { shop: site() } }, async (server) => {
            for (const [args, code] of [[['ledger', '--record', '1'], 1], [['ledger', '--record', '0'.repeat(32)], 1],
                [['ledger', '--record', 'x'], 2], [['ledger', '--record', ''], 2], [['journal', '--record', '1'], 2],
                [['ledger', '--record', '1', '--site', 'shop'], 2], [['--record', '1'], 2]])
                assert.equal((await server.run('dump', args)).code, code, args.join(' '));
        });
    });
});
