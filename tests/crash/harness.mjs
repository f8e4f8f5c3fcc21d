// What the crash tests share: seeds, moments and servers that may die while they start.
import { performance } from 'node:perf_hooks';
import { Server, sleep } from '../http/server.mjs';

// CRASH_SEED is the first of the seeds, one a round; @rounds how many there are where the variable @name does not say.
export function seeds(name, rounds) {
    const first = Number(process.env.CRASH_SEED ?? 1);
    return Array.from({ length: Number(process.env[name] ?? rounds) }, (_, i) => first + i);
}

// Enough rounds to have met what is rare.
export const isWhole = (name, rounds) => seeds(name, rounds).length >= rounds;

// Runs @act for each seed in turn. A failure names the seed and keeps the data.
export async function eachSeed(name, rounds, server, act) {
    for (const seed of seeds(name, rounds)) {
        try {
            await act(seed);
        } catch (error) {
            server.child?.kill('SIGKILL');
            const again = `CRASH_SEED=${seeds(name, rounds)[0]} ${name}=${seed - seeds(name, rounds)[0] + 1}`;
            error.message = `seed ${seed} (${again} repeats it; the data is kept in ${server.data}): ${error.message}`;
            throw error;
        }
    }
}

// Waits @ms, to the microsecond, which timers cannot.
export async function moment(ms) {
    const until = performance.now() + ms;
    await sleep(Math.max(0, ms - 1));
    while (performance.now() < until);
}

// Starts @server; false: it was killed before it was ready. Other ends are failures.
export async function begin(server, shell) {
    const ready = server.launch(shell);
    ready.catch(() => {}); // what it would say is said below, and earlier
    const end = await Promise.race([ready, server.child.ended]);
    if (!end) return true;
    if (end.signal === 'SIGKILL') return false;
    const { stderr } = server.child.output;
    throw new Error(`the server ended with ${end.signal ?? end.code} before it was ready: ${stderr}`);
}

// What a killed server wrote and nobody expected, such as the report of a sanitizer.
export function surprises({ child, expected }) {
    const lines = child.output.stderr.split('\n').filter(Boolean);
    return lines.filter((line) => !expected.some((pattern) => pattern.test(line)));
}

// A configured folder; nothing runs in it yet.
export const folder = (config) => new Server(config);
