// Rounds into figures, figures into a file and a table.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');
export const build = join(root, process.env.BUILD ?? 'build');
export const quick = process.argv.includes('--quick');

export function median(numbers) {
    const sorted = [...numbers].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const rounded = (number, digits = 3) => +number.toFixed(digits);

// What every round measured of each of @subjects, in an order that rotates: [{ name: figures }].
export async function rotate(subjects, rounds, measure) {
    const all = [];
    for (let round = 0; round < rounds; round++) {
        const figures = {};
        for (let i = 0; i < subjects.length; i++) {
            const subject = subjects[(i + round) % subjects.length];
            figures[subject.name] = await measure(subject, round);
        }
        all.push(figures);
    }
    return all;
}

// The median over @rounds of each of @keys.
export const medians = (rounds, name, keys) =>
    Object.fromEntries(keys.map((key) => [key, rounded(median(rounds.map((round) => round[name][key])))]));

export function write(name, result) {
    mkdirSync(join(build, 'bench'), { recursive: true });
    writeFileSync(join(build, `bench/${name}.json`), JSON.stringify(result, null, 2) + '\n');
}

export function row(cells, width = 12) {
    console.log(cells.map((cell, i) => (i ? String(cell).padStart(width) : String(cell).padEnd(24))).join(''));
}
