// A small file system of our own: a tmpfs in a mount namespace, and what fills it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const ELSEWHERE = '/var/tmp'; // no file system that is filled here
export const INSIDE_MS_MAX = 1_500_000;
const PAGE_BYTES = 4096;

// Whether this is the run in there.
export const isInside = Boolean(process.env.CRASH_INSIDE);

function unshare(args, env) {
    const mine = process.getuid() === 0 ? ['-m'] : ['-rm'];
    const limits = { timeout: INSIDE_MS_MAX, killSignal: 'SIGKILL', maxBuffer: 1 << 26 };
    return spawnSync('unshare', [...mine, ...args], { encoding: 'utf8', env, ...limits });
}

// Runs @file once more, with a file system of @bytes as its folder for temporary files. Where mounting is not permitted
// @t is skipped.
export function enter(t, file, bytes) {
    const folder = mkdtempSync(join(tmpdir(), 'crumb-full-'));
    const mount = ['mount', '-t', 'tmpfs', '-o', `size=${bytes}`, 'crumb', folder];
    try {
        if (unshare(mount).status !== 0) {
            t.skip('mounting is not permitted here');
            return;
        }
        const { NODE_TEST_CONTEXT: _, ...env } = process.env; // of the runner, which does not know the other run
        const run = unshare(['sh', '-c', '"$@" && exec "$NODE" "$FILE"', 'sh', ...mount], {
            ...env, NODE: process.execPath, FILE: file, TMPDIR: folder, CRASH_INSIDE: '1',
        });
        assert.equal(run.status, 0, `${run.stdout}${run.stderr}`);
        for (const [, line] of run.stdout.matchAll(/^ *(?:# |ℹ )(.*;.*)$/gm)) t.diagnostic(line);
    } finally {
        rmdirSync(folder);
    }
}

// Every page that is left but @spare of them. What it gives makes room again.
export function fillUp(spare = 0) {
    const kept = join(tmpdir(), 'spare'), files = [];
    writeFileSync(kept, Buffer.alloc(spare * PAGE_BYTES, 1));
    for (let bytes = 1 << 20; bytes >= PAGE_BYTES; ) {
        const file = join(tmpdir(), `crumb-full-${files.length}`);
        files.push(file);
        try {
            writeFileSync(file, Buffer.alloc(bytes, 1));
        } catch (error) {
            assert.equal(error.code, 'ENOSPC');
            rmSync(file);
            bytes /= 4;
        }
    }
    rmSync(kept);
    return () => files.forEach((file) => rmSync(file, { force: true }));
}
