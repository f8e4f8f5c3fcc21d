// A power cut: what powerloss.c is told, and what it says.
import assert from 'node:assert/strict';

const { POWERLOSS } = process.env;
if (!POWERLOSS) throw new Error('set POWERLOSS to the library under tests/crash of the build folder');

// @step: 0 lets it run, and says at the end how many steps there were.
export const environment = (seed, step) => ({
    LD_PRELOAD: [POWERLOSS, process.env.LD_PRELOAD].filter(Boolean).join(':'),
    POWERLOSS_SEED: String(seed),
    POWERLOSS_STEP: String(step),
    ...(step === 0 && { POWERLOSS_TELL: '1' }),
});

// The same for begin().
export const preload = (seed, step) =>
    Object.entries(environment(seed, step))
        .map(([name, value]) => `export ${name}='${value}'`)
        .join('; ');

// Adds to @sum how many page writes were lost, and of how many; @text is what the dead program wrote.
export function addLosses(sum, text) {
    const [, lost, all, names] = text.match(/^powerloss: step \d+, lost (\d+) of (\d+), and (\d+) of \d+ names$/m) ?? [];
    assert.ok(all, `it did not die of the power cut: ${text}`);
    sum.lost += Number(lost);
    sum.all += Number(all);
    sum.names = (sum.names ?? 0) + Number(names);
}

export const stepsIn = (text) => Number(/^powerloss: (\d+) steps$/m.exec(text)[1]);

export const assertVaried = ({ lost, all }) => assert.ok(lost && lost < all, 'some was lost and some not');
