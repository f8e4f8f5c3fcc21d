// Masking in the tracker, by the table that the service's has to follow, too (tests/unit/test_mask.c).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const script = execFileSync('esbuild', [path('../../pixel/src/mask.ts'), '--format=esm'], { encoding: 'utf8' });
const { mask } = await import(`data:text/javascript,${encodeURIComponent(script)}`);

const cases = readFileSync(path('cases.txt'), 'utf8')
    .split('\n')
    .filter((line) => line && !line.startsWith('# '))
    .map((line) => line.split('\t'));

describe('masking', () => {
    it('has cases', () => assert.ok(cases.length > 80 && cases.every((row) => row.length === 2)));

    for (const [given, kept] of cases) {
        const wanted = kept === '=' ? given : kept;

        it(`${given} becomes ${wanted}`, () => {
            assert.equal(mask(given), wanted);
            assert.equal(mask(wanted), wanted, 'masked again it stays');
            assert.ok(Buffer.byteLength(wanted) <= Buffer.byteLength(given), 'it never grows');
        });
    }

    // What takes time by the square of the letters does not end here before the test is given up.
    it('takes no more than each letter of an address is worth', () => {
        for (const part of ['a', '%40', 'a@', 'a.', '1', '1.', 'aB1', '0-', '%2', 'ffffffff-', 'eyJ', '-eyJ'])
            assert.ok(mask(part.repeat(1_000_000 / part.length)).length <= 1_000_000, part);
    });
});
