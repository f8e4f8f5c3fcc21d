// kill -9 while visitors are erased (promise P5): whatever was asked for is done after the next start, with a receipt,
// nobody else loses anything, and the store is sound.
//
//     RIGHTS_KILLS=50 CRUMB=build/crumb REPLAY=build/bench/replay node tests/crash/rights.test.mjs
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually, site } from '../http/server.mjs';
import { begin, eachSeed, folder, moment } from './harness.mjs';
import { Random } from './load.mjs';

const ROUNDS = 12;
const VISITORS = 6;
const KILL_MS_MAX = 40;
const ME = '/v1/me?site=shop';
const RESTRICTION = '/v1/me/restriction?site=shop';
const NOTHING = { analytics: true, journeys: false, marketing: false };

// What a visitor asks for, and what may be left of them once it was answered.
const ASKS = {
    erase: { ask: (visitor) => visitor.ask('DELETE', ME), left: 0 },
    withdraw: { ask: (visitor) => visitor.choose('withdraw'), left: 0 },
    cut: { ask: (visitor) => visitor.choose('custom', { purposes: NOTHING }), left: 1 },
    restrict: { ask: (visitor) => visitor.ask('POST', RESTRICTION), left: 2 },
    nothing: { ask: async () => null, left: 2 },
};

async function arrive(server, random) {
    const visitor = server.visitor();
    await visitor.chose('grant');
    const path = `/${random.word()}`;
    await visitor.beacon({ url: `https://shop.example${path}` });
    await visitor.beacon({ e: 'se', se_ca: 'click', se_ac: 'x', url: `https://shop.example${path}` });
    return { visitor, path, ask: random.pick(Object.keys(ASKS)), answered: false };
}

describe('kill -9 while rights are used', { timeout: 600_000 }, () => {
    it('leaves a job that is done after the next start', async (t) => {
        const server = folder({ sites: { shop: site({ on_withdraw: 'erase' }) } });
        const all = [];
        let killed = 0;
        assert.ok(await begin(server));
        await eachSeed('RIGHTS_KILLS', ROUNDS, server, async (seed) => {
            const random = new Random(seed);
            const fresh = [];
            for (let i = 0; i < VISITORS; i++) fresh.push(await arrive(server, random));
            const asked = fresh.map(async (one) => {
                const answer = await ASKS[one.ask].ask(one.visitor).catch(() => undefined);
                one.answered = answer === null || (answer !== undefined && answer.status < 300);
            });
            await moment(random.next() * KILL_MS_MAX);
            await server.crash();
            killed++;
            await Promise.all(asked);
            all.push(...fresh);
            assert.ok(await begin(server));
            await eventually('the jobs', async () => (await server.dump('jobs')).length === 0);
            await server.assertSound();
            const rows = await server.dump('journal');
            for (const { path, ask, answered } of all) {
                const n = rows.filter(({ log }) => log?.path === path).length;
                // Without an answer it was asked for or not.
                assert.ok(n === ASKS[ask].left || (!answered && n === 2), `${ask}, answered ${answered}: ${n} events are left`);
            }
        });
        assert.deepEqual((await server.dump('amended')).filter(({ erased, cut }) => erased || cut.length), []);
        t.diagnostic(`${killed} kills, ${all.length} visitors, ${(await server.dump('deeds')).length} receipts`);
        await server.end();
    });
});
