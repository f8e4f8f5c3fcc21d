// wrk, and what it says.
import { spawn } from 'node:child_process';

const inMs = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

function latency(output, percent) {
    const [, value, unit] = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s|m)`, 'm').exec(output);
    return +value * inMs[unit];
}

// Runs it. @args: its arguments but the script's, which are @own. Anything but good answers is a failure.
export function wrk(args, own) {
    return new Promise((give, fail) => {
        const child = spawn('wrk', ['--timeout', '30s', '--latency', ...args, '--', ...own], { stdio: ['ignore', 'pipe', 'inherit'] });
        let output = '';
        child.stdout.on('data', (data) => (output += data));
        child.on('error', fail);
        child.on('close', (code) => {
            if (code !== 0) return fail(new Error(`wrk: exit code ${code}`));
            if (/Non-2xx|Socket errors/.test(output)) return fail(new Error(`not every answer was good\n${output}`));
            give({
                requests: +/(\d+) requests in/.exec(output)[1],
                requests_per_s: +/Requests\/sec:\s+([\d.]+)/.exec(output)[1],
                p50_ms: latency(output, 50),
                p99_ms: latency(output, 99),
            });
        });
    });
}
