// Engines as processes: on a core of their own, asked through their standard streams where they have no port.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { createInterface } from 'node:readline';

// The last core is the engine's; whoever asks keeps to the first (bench/query.mjs).
export const ENGINE_CORE = cpus().length - 1;
export const pinned = (command, args) => ['taskset', ['-c', String(ENGINE_CORE), command, ...args]];

const POLL_MS = 10;

export function peakOf(pid) {
    try {
        return +/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1] / 1024;
    } catch {
        return 0; // it has ended, or just begun
    }
}

// Runs to the end: { stdout, seconds, peak_mb }; the peak is looked at a hundred times a second. @input: a stream.
export function run(command, args, input) {
    return new Promise((give, fail) => {
        const began = performance.now();
        const child = spawn(command, args, { stdio: [input ? 'pipe' : 'ignore', 'pipe', 'inherit'] });
        let stdout = '', peak_mb = 0;
        const timer = setInterval(() => (peak_mb = Math.max(peak_mb, peakOf(child.pid))), POLL_MS);
        input?.pipe(child.stdin);
        child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
        child.on('error', fail);
        child.on('close', (code) => {
            clearInterval(timer);
            if (code !== 0) return fail(new Error(`${command} ${args.join(' ')}: exit code ${code}`));
            give({ stdout, seconds: (performance.now() - began) / 1000, peak_mb });
        });
    });
}

// A process that answers what is written to it, line by line.
export class Talker {
    constructor(command, args) {
        this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
        this.lines = [];
        this.wake = () => {};
        createInterface({ input: this.child.stdout }).on('line', (line) => {
            this.lines.push(line);
            this.wake();
        });
        this.ended = new Promise((resolve) => this.child.once('close', resolve));
        this.ended.then(() => {
            this.gone = true;
            this.wake();
        });
    }

    // Writes @text; gives the lines up to one that equals @last.
    async ask(text, last) {
        this.child.stdin.write(text);
        const lines = [];
        for (;;) {
            while (this.lines.length) {
                const line = this.lines.shift();
                if (line === last) return lines;
                lines.push(line);
            }
            if (this.gone) throw new Error(`an engine ended early: ${lines.join('\n').slice(-400)}`);
            await new Promise((resolve) => (this.wake = resolve));
        }
    }

    async end() {
        this.child.stdin.end();
        await this.ended;
    }
}
