// Prints one TAP line for every test of a meson test log; tests inside a TAP program's suites by themselves.
import { readFileSync } from 'node:fs';

// A result is a suite's when its diagnostic block says so.
function leaves(stdout) {
    const lines = stdout.split('\n');
    return lines.filter((line, i) => {
        if (!/^\s*(not )?ok \d+/.test(line)) return false;
        const end = lines.findIndex((other, j) => j > i && /^\s*(\.\.\.|(not )?ok \d+)/.test(other));
        return !lines.slice(i + 1, end < 0 ? undefined : end).some((other) => /^\s*type: 'suite'/.test(other));
    });
}

for (const line of readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean)) {
    const { name, stdout = '', result } = JSON.parse(line);
    const taps = leaves(stdout).map((tap) => tap.trim());
    const good = ['OK', 'EXPECTEDFAIL', 'SKIP'].includes(result);
    for (const tap of taps) console.log(tap.replace(/^((?:not )?ok) \d+ -?\s*/, `$1 - ${name}: `));
    // A program that died, timed out or said nothing counts as one test.
    if (taps.length === 0 || (!good && !taps.some((tap) => tap.startsWith('not ok'))))
        console.log(`${good ? 'ok' : 'not ok'} - ${name} (${result})${result === 'SKIP' ? ' # SKIP' : ''}`);
}
