// Servers under measurement: started on the loopback, charged for what they use, ended by whoever started them.
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';

const TICKS_PER_SECOND = 100; // sysconf(_SC_CLK_TCK) on every Linux that Debian has

export const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));

export function freePort() {
    return new Promise((give, fail) => {
        const server = createServer().once('error', fail);
        server.listen(0, '127.0.0.1', () => {
            const { port } = server.address();
            server.close(() => give(port));
        });
    });
}

export async function untilAnswers(port, path) {
    for (let i = 0; i < 200; i++) {
        try {
            await fetch(`http://127.0.0.1:${port}${path}`);
            return;
        } catch {
            await sleep(50);
        }
    }
    throw new Error(`nothing answers on port ${port}`);
}

// @log: where its complaints go, a descriptor.
export function start(command, args, log = 'inherit') {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', log] });
    child.on('error', (error) => {
        process.stderr.write(`bench: cannot start ${command}: ${error.message}\n`);
        process.exit(3);
    });
    return child;
}

export async function end(children) {
    for (const child of children) child.kill('SIGTERM');
    await Promise.all(children.map((child) => child.exitCode ?? child.signalCode ?? new Promise((gone) => child.on('exit', gone))));
}

// ---- what a process costs ----

const statOf = (pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
};

export function family(pid) {
    const pids = [pid];
    for (const entry of readdirSync('/proc')) {
        if (!/^\d+$/.test(entry)) continue;
        try {
            if (+statOf(entry)[1] === pid) pids.push(+entry);
        } catch {
            // it has ended since
        }
    }
    return pids;
}

export function cpuSeconds(pids) {
    let ticks = 0;
    for (const pid of pids) {
        const fields = statOf(pid);
        ticks += +fields[11] + +fields[12]; // utime, stime
    }
    return ticks / TICKS_PER_SECOND;
}

export function megabytes(pids, field) {
    const kilobytes = pids.map((pid) => {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        return +new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)[1];
    });
    return kilobytes.reduce((a, b) => a + b, 0) / 1024;
}
