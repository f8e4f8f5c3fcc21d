// No room (promise P2 and the store's own): what cannot be stored is answered 503 and is not there, what was answered is,
// and the service goes on by itself when there is room again. Three ways to have none:
//
//  - a full file system: a small tmpfs, mounted in a mount namespace of our own, with a file in it to be deleted;
//  - a limit on the size of files (RLIMIT_FSIZE), which needs no privileges and is lifted from outside;
//  - a full map: the configuration's data_max, which a restart raises.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { request } from '../http/client.mjs';
import { eventually } from '../http/server.mjs';
import { begin, folder } from './harness.mjs';
import { Load, Random, Witness, testify } from './load.mjs';

const SEED = Number(process.env.CRASH_SEED ?? 1);
const BULK_BYTES = 1500; // of each path, so that it is soon full
const REFUSED_MIN = 50; // requests, before it is taken for full
const FILL_MS_MAX = 60_000;
const RESUME_MS_MAX = 1000;
const CALM_EVENTS_MIN = 200; // after it has resumed
const TMPFS_BYTES = 8 << 20;
const FILLER_BYTES = 4 << 20;
const FILE_KIB_MAX = 2048;

const ready = (server) => request(server.private, { path: '/readyz' });

// Runs @load until @enough says so.
async function run(load, server, what, enough) {
    const ended = load.run(server.public);
    await eventually(what, enough, FILL_MS_MAX);
    load.over();
    await ended;
}

// Sends events until there is no room, and looks at how that is borne.
async function fill(server, witness, random) {
    const load = new Load(random, witness, { bulk: BULK_BYTES });
    const { answered } = witness;
    await run(load, server, 'a full store', () => answered.refused >= REFUSED_MIN);
    assert.ok(answered.stored > 0, 'it worked before it was full');

    const answer = await server.visitor().beacon({ url: `https://shop.example/${'x'.repeat(BULK_BYTES)}` }).catch((e) => e);
    console.log('# beacon', answer.status, answer.result);
    const unready = await ready(server);
    assert.equal(unready.headers['retry-after'], '5');
    unready.error(503);
    assert.equal((await request(server.private, { path: '/healthz' })).status, 200);
    assert.equal(server.child.signalCode, null, 'it lives');
    await testify(server, witness);
}

// There is room again: everything is as ever, without anybody's doing.
async function resume(server, witness, random) {
    await eventually('being ready', async () => (await ready(server)).status === 200, RESUME_MS_MAX);
    const visitor = server.visitor();
    await visitor.chose('grant');
    assert.deepEqual((await visitor.beacon({})).result, { received: 1, stored: 1 });
}
export {};
