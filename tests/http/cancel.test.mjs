// A question stops when whoever asked it leaves: between two of its days, and is counted as cancelled. One whose
// expressions never come to an end is refused, if nobody leaves.
//
// Each of its expressions tries all ways through a path until its limit, on each of many days. It is left once the server has begun to work on it, which the time of its processor tells.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { describe, it } from 'node:test';
import { request } from './client.mjs';
import { Server, crumb, eventually, site } from './server.mjs';

const { REPLAY } = process.env;
if (!REPLAY) throw new Error('set REPLAY to bench/replay of the build folder');

const DAY_MS = 86_400_000;
const DAYS = 400, EXPRESSIONS = 150;
const WORKING_TICKS = 20; // of a hundredth of a second, beyond what a server does that nobody asks
const STOPPING_MS = 60_000;

const line = (t) => JSON.stringify({
    t, site: 'shop', visitor: 'v', purposes: ['analytics'], event: `e=pv&url=https%3A%2F%2Fshop.example%2F${'a'.repeat(60)}`,
});

// The processor's time that the server has used: fields 14 and 15 of proc(5)'s stat.
function ticks(server) {
    const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
    return Number(fields[11]) + Number(fields[12]);
}

async function makeServer() {
    const { stdout } = await crumb(['token', '--name', 'reader', '--role', 'analyst', '--site', 'shop']);
    const shop = site({ retention: { journal: '5y', segments: '5y', choice: '2y', visitor: '2y' } });
    const tokens = [{ name: 'reader', role: 'analyst', sites: ['shop'], hash: /hash: ([0-9a-f]{64})/.exec(stdout)[1] }];
    const server = new Server({ sites: { shop }, tokens });
    const now = Date.now(), lines = Array.from({ length: DAYS }, (_, i) => line(now - (DAYS - i) * DAY_MS));
    const { status, stderr } = spawnSync(REPLAY, ['-c', server.file], { input: lines.join('\n'), encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    await server.launch();
    return { server, authorization: `Bearer ${stdout.split('\n')[0]}` };
}

describe('a question whose client leaves', { timeout: 300_000 }, () => {
    it('is stopped, and the next is answered', async () => {
        const { server, authorization } = await makeServer();
        try {
            const question = { site_id: 'shop', metrics: ['visits'], date_range: 'all' };
            const expressions = Array.from({ length: EXPRESSIONS }, (_, i) => `(a|aa){${i + 1},}[bc]$`);
            const filters = [['matches', 'event:page', expressions]];
            const ask = () => {
                const sent = http.request({ host: '127.0.0.1', port: server.private, method: 'POST', path: '/api/v2/query', headers: { authorization } });
                sent.on('response', () => n_answered++);
                sent.on('error', () => {});
                sent.end(JSON.stringify({ ...question, filters }));
                return sent;
            };
            let n_answered = 0;
            const idle = ticks(server);
            const asked = [ask(), ask(), ask()]; // one more than are worked on at once
            await eventually('work', () => ticks(server) > idle + WORKING_TICKS, STOPPING_MS);
            assert.deepEqual([n_answered, await server.metric('queries_cancelled_total')], [0, 0]);
            for (const one of asked) one.destroy();
            const cancelled = async () => (await server.metric('queries_cancelled_total')) === asked.length;
            await eventually('the end of what nobody waits for', cancelled, STOPPING_MS);
            const { text } = await request(server.private, {
                method: 'POST', path: '/api/v2/query', headers: { authorization }, body: JSON.stringify(question),
            });
            assert.deepEqual(JSON.parse(text).results, [{ metrics: [DAYS], dimensions: [] }]);
            for (const [kind, body] of [['query', { ...question, filters }], ['paths', { site_id: 'shop', date_range: 'all', filters }]]) {
                const path = `/api/v2/${kind}`;
                const refused = await request(server.private, { method: 'POST', path, headers: { authorization }, body: JSON.stringify(body) });
                assert.match(refused.error(400), /^filters: the regular expressions take too many steps/);
            }
        } catch (error) {
            server.cleanup();
            throw error;
        }
        await server.end();
    });
});
