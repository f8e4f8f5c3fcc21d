// Many days at once: replay writes a store and seals its days, with the clock taken from its input. The program is the
// one that the environment variable REPLAY names.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';

const { REPLAY } = process.env;
if (!REPLAY) throw new Error('set REPLAY to bench/replay of the build folder');

const DAY_MS = 24 * 3600 * 1000;
const FIRST_DAY_MS = Date.UTC(2026, 0, 5);
const VISITORS_A_DAY = 30;
const HITS_MAX = 5; // of a visitor

export const DAYS = 20; // the last is still open at the end
export const FINISHED = { code: 0, signal: null };

// The same every time.
function line(day, visitor, hit) {
    const eid = `00000000-0000-4000-8000-${[day, visitor, hit].map((n) => String(n).padStart(4, '0')).join('')}`;
    return JSON.stringify({
        t: FIRST_DAY_MS + day * DAY_MS + (visitor * 40 + hit) * 60_000,
        site: 'shop',
        visitor: `visitor ${day} ${visitor}`,
        ip: '203.0.113.9',
        purposes: ['analytics', 'journeys'],
        event: `e=pv&eid=${eid}&url=https%3A%2F%2Fshop.example%2F${(visitor * hit) % 17}`,
    });
}

export function lines() {
    const all = [];
    for (let day = 0; day < DAYS; day++)
        for (let visitor = 0; visitor < VISITORS_A_DAY; visitor++)
            for (let hit = 0; hit <= visitor % HITS_MAX; hit++) all.push(line(day, visitor, hit));
    return all.join('\n');
}

// Feeds @server's store, which nobody serves: { child, ended }.
export function replay(server, input, env = {}) {
    const options = { stdio: ['pipe', 'ignore', 'pipe'], env: { ...process.env, ...env } };
    const child = spawn(REPLAY, ['-c', server.file], options);
    child.output = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (child.output += text));
    const ended = new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code, signal) => resolve({ code, signal }));
    });
    child.stdin.on('error', () => {}); // it may die while it reads
    child.stdin.end(input);
    return { child, ended };
}

// Every row of what days are sealed to, where building it again gives the same.
export async function rollups(server) {
    const { code, stdout, stderr } = await server.run('verify', ['--rebuild']);
    assert.equal(code, 0, stdout + stderr);
    await server.books();
    return [...(await server.dump('segment')), ...(await server.dump('rollup'))];
}
