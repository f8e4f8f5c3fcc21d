// Prints one TAP line for every test of a meson test log, subtests of TAP programs by themselves.
import { readFileSync } from 'node:fs';

for (const line of readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean)) {
    const { name, stdout = '', result } = JSON.parse(line);
    const taps = stdout.split('\n').filter((out) => /^(not )?ok \d+/.test(out));
    const good = result === 'OK' || result === 'EXPECTEDFAIL';
    for (const tap of taps) console.log(tap.replace(/^((?:not )?ok) \d+ -?\s*/, `$1 - ${name}: `));
    // A program that died, timed out or said nothing counts as one test.
    if (taps.length === 0 || (!good && !taps.some((tap) => tap.startsWith('not ok'))))
        console.log(`${good ? 'ok' : 'not ok'} - ${name} (${result})`);
}
