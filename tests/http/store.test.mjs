// What is on disk: acknowledged is kept, damage is found and named, and a full store says so and loses nothing.
// tests/crash/ does the first and the last at length; here is each once, as a site owner would see it.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { event, request, word } from './client.mjs';
import { Server, eventually, withServer } from './server.mjs';

// Hexadecimal digits behind each other.
const bytes = (...parts) => Buffer.from(parts.join(''), 'hex');
const u64 = (n) => n.toString(16).padStart(16, '0');
const SHOP = '00000001'; // the first site's number in keys

// Changes the byte @offset behind every copy of @pattern in the store's file; old pages may have some, too.
function damage(server, pattern, offset) {
    const file = join(server.data, 'crumb.mdb');
    const content = readFileSync(file);
    let n = 0;
    for (let at = content.indexOf(pattern); at >= 0; at = content.indexOf(pattern, at + 1), n++)
        content[at + offset] ^= 1;
    assert.ok(n > 0, 'the bytes to damage are there');
    writeFileSync(file, content);
}

async function assertWrong(server, complaint) {
    const { code, stdout } = await server.run('verify');
    assert.equal(code, 1, stdout);
    assert.match(stdout, complaint);
}

describe('what was acknowledged', { timeout: 120_000 }, () => {
    for (const moment of [20, 200, 500])
        it(`is there after kill -9 behind the ${moment}th acknowledgement`, async () => {
            await withServer({}, async (server) => {
                const acknowledged = { paths: [], receipts: [] };
                const client = async () => {
                    const visitor = server.visitor();
                    for (let i = 0; ; i++) {
                        if (i % 20 === 0) acknowledged.receipts.push((await visitor.chose(i % 40 ? 'deny' : 'grant')).id);
                        const path = `/${word()}`;
                        const { result } = await visitor.beacon({ url: `https://shop.example${path}` });
                        if (result.stored) acknowledged.paths.push(path);
                    }
                };
                const clients = Array.from({ length: 8 }, () => client().catch((error) => error));
                const enough = () => acknowledged.paths.length + acknowledged.receipts.length >= moment;
                await eventually('enough answers', enough, 30_000);
                await server.crash();
                await Promise.all(clients);
                await server.launch();
                const paths = new Set((await server.dump('journal')).map((row) => row.log.path));
                const receipts = new Set((await server.dump('ledger')).map((row) => row.id));
                assert.deepEqual(acknowledged.paths.filter((path) => !paths.has(path)), []);
                assert.deepEqual(acknowledged.receipts.filter((id) => !receipts.has(id)), []);
                await server.books();
                await server.assertSound();
            });
        });
});

// Each damages a stopped store, so its end is not clean: no end(), only cleanup().
describe('one changed byte', { timeout: 120_000 }, () => {
    async function withDamage(act) {
        const server = new Server();
        try {
            await server.launch();
            const visitors = [server.visitor(), server.visitor(), server.visitor()];
            for (const visitor of visitors) {
                await visitor.chose('grant');
                visitor.page = `/${word()}`;
                await visitor.beacon({ url: `https://shop.example${visitor.page}` });
            }
            await server.stop();
            await server.assertSound();
            await act(server, visitors);
        } finally {
            server.cleanup();
        }
    }

    for (const [what, place] of [['first', 0], ['middle', 1], ['last', 2]])
        it(`in the ${what} ledger record is found, and the record is named`, async () => {
            await withDamage(async (server) => {
                const record = (await server.dump('ledger'))[place];
                damage(server, bytes(record.previous, record.id), 48); // the first byte behind them: its time
                const name = `ledger record ${record.sequence}`;
                await assertWrong(server, new RegExp(`^wrong +${name}: its content does not match its hash$`, 'm'));
                assert.equal((await server.run('dump', ['ledger'])).code, 3);
            });
        });

    it('in the end of the chain is found', async () => {
        await withDamage(async (server) => {
            const { hash, sequence } = (await server.dump('ledger')).at(-1);
            damage(server, bytes(u64(3), u64(sequence), hash), 7); // how many records there are
            await assertWrong(server, /^wrong +ledger: its end is not the one that was written last$/m);
        });
    });

    it('in a notice is found, and the record that shows it is named', async () => {
        await withDamage(async (server) => {
            damage(server, Buffer.from('"title":"Your choice"'), 10);
            await assertWrong(server, /^wrong +ledger record \d+: the notice that it names is not there as it was shown$/m);
        });
    });

    it('in an event is found; the server starts all the same and stores the next', async () => {
        await withDamage(async (server, visitors) => {
            const { sequence } = (await server.dump('journal')).find(({ log }) => visitors[1].page.endsWith(log.path));
            damage(server, bytes(u64(sequence), '01', '000000'), 40); // in the box behind the number, version and slot
            await assertWrong(server, /^wrong +journal of shop, \d{4}-\d\d-\d\d: a record is damaged$/m);
            server.expect(/^crumb: error: cannot read every event id; .*run `crumb verify`/);
            await server.launch();
            assert.deepEqual((await visitors[1].beacon()).result, { received: 1, stored: 1 });
            await server.stop();
        });
    });

    it('in a key is found, and means that nothing is collected under it', async () => {
        await withDamage(async (server, visitors) => {
            const file = join(server.data, 'keys');
            const content = readFileSync(file);
            content[2 * 4096 + 40] ^= 1; // of the first slot's box
            writeFileSync(file, content);
            await assertWrong(server, /^wrong +keys: the key of a visitor is damaged$/m);
            server.expect(/^crumb: error: cannot read every event id; .*run `crumb verify`/);
            await server.launch();
            const results = await Promise.all(visitors.map(async (visitor) => (await visitor.beacon()).result));
            assert.deepEqual(results.filter(({ stored }) => !stored), [{ received: 1, no_consent: 1 }]);
            await server.stop();
        });
    });

    it("in a visitor's row is found, and means that nothing is collected until the visitor is asked again", async () => {
        await withDamage(async (server, visitors) => {
            const [visitor, other] = visitors;
            const { id } = visitor;
            damage(server, bytes(SHOP, id, '01'), 22);
            await assertWrong(server, /^wrong +visitors: a row is damaged$/m);
            await server.launch();
            assert.deepEqual((await visitor.beacon()).result, { received: 1, no_consent: 1 });
            assert.deepEqual((await other.beacon()).result, { received: 1, stored: 1 });
            await visitor.chose('grant');
            assert.notEqual(visitor.id, id);
            assert.deepEqual((await visitor.beacon()).result, { received: 1, stored: 1 });
            await server.stop();
        });
    });
});

describe('a full store', { timeout: 120_000 }, () => {
    const FULL = [/^crumb: error: cannot write to the store; answering 503 /, /^crumb: the store takes writes again$/,
        /^crumb: error: cannot record (the configuration|what commands did) in the audit trail/];

    // Sends 50 events that take much room; { answer, paths }.
    async function send(visitor) {
        const paths = Array.from({ length: 50 }, () => `/${word()}`);
        const lines = paths.map((path) => event({ url: `https://shop.example${path}`, page: 'x'.repeat(400) }));
        return { answer: await visitor.events(lines), paths };
    }

    it('answers 503 and when to come again, keeps what it has, and goes on with more room', async () => {
        await withServer({ data_max: '1MiB' }, async (server) => {
            server.expect(...FULL);
            const visitor = server.visitor();
            await visitor.chose('grant');
            const acknowledged = [];
            let refused;
            for (let i = 0; i < 1000 && !refused; i++) {
                const { answer, paths } = await send(visitor);
                if (answer.status === 204) acknowledged.push(...paths);
                else refused = answer;
            }
            assert.match(refused.error(503), /again later/);
            assert.ok(Number(refused.headers['retry-after']) > 0);
            assert.equal(refused.headers['crumb-result'], undefined);
            const ready = await request(server.private, { path: '/readyz' });
            assert.match(ready.error(503), /full/);
            assert.equal((await request(server.private, { path: '/healthz' })).status, 200);

            const assertKept = async () => {
                const stored = (await server.dump('journal')).map((row) => row.log.path);
                assert.deepEqual(stored, acknowledged);
                assert.equal((await visitor.consent()).ask, false);
                await server.books();
                await server.assertSound();
            };
            await assertKept();
            await server.restart();
            await assertKept();
            await server.restart({ data_max: '16MiB' });
            for (let i = 0; i < 10; i++) {
                const { answer, paths } = await send(visitor);
                assert.equal(answer.status, 204);
                acknowledged.push(...paths);
            }
            await assertKept();
        });
    });

    it('refuses a choice that it cannot record, which then has no effect', async () => {
        await withServer({ data_max: '1MiB' }, async (server) => {
            server.expect(...FULL);
            const first = server.visitor();
            const { notice } = await first.chose('grant');
            let refused;
            for (let i = 0; i < 1000 && (await send(first)).answer.status === 204; i++);
            // Choices are smaller than what did not fit.
            for (let i = 0; i < 1000 && !refused; i++) {
                const visitors = Array.from({ length: 20 }, () => server.visitor());
                const answers = await Promise.all(visitors.map((visitor) => visitor.choose('grant', { notice })));
                const at = answers.findIndex((answer) => answer.status !== 201);
                if (at >= 0) refused = { visitor: visitors[at], answer: answers[at] };
            }
            assert.match(refused.answer.error(503), /has no effect/);
            assert.ok(Number(refused.answer.headers['retry-after']) > 0);
            assert.deepEqual(refused.answer.setCookies, []);
        });
    });

    it('still takes consent back, and only that', async () => {
        await withServer({ data_max: '1MiB' }, async (server) => {
            server.expect(...FULL);
            const crowd = Array.from({ length: 20 }, () => server.visitor());
            const { notice } = await crowd[0].chose('grant');
            for (const visitor of crowd.slice(1)) await visitor.chose('grant', { notice });
            // Until not even a refusal fits. What is freed by one commit may be room for another, so again before each.
            const fillUp = async () => {
                for (let i = 0; i < 1000 && (await send(crowd.at(-1))).answer.status === 204; i++);
                for (let i = 0; i < 1000 && (await server.visitor().choose('deny', { notice })).status === 201; i++);
            };
            const some = { analytics: true, journeys: false, marketing: true };
            for (const [i, visitor] of crowd.entries()) {
                const { id } = visitor;
                await fillUp();
                assert.equal((await request(server.private, { path: '/readyz' })).status, 503);
                (await visitor.choose('grant', { notice })).error(503);
                const receipt = await visitor.chose(...(i % 2 ? ['custom', { notice, purposes: some }] : ['withdraw', { notice }]));
                assert.equal(receipt.purposes.journeys, false);
                const ids = (await server.dump('visitors')).filter((row) => row.granted).map((row) => row.visitor);
                assert.equal(ids.includes(id), i % 2 === 1);
            }
            await fillUp();
            await server.assertSound();
            await server.restart();
            await crowd[1].chose('withdraw', { notice });
            assert.ok(!(await server.dump('visitors')).some((row) => row.granted && row.visitor === crowd[1].id));
            await server.assertSound();
        });
    });
});
