// The file that `agents` names: a warning where it cannot be used, read again by SIGHUP, and the service works all the
// same; kinds of device are told with and without it.
import assert from 'node:assert/strict';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Server } from './server.mjs';

const UAP_CORE = process.env.UAP_CORE ?? '/usr/share/uap-core';
const WARNING = /^crumb: warning: agents: .*; browsers, systems and models are unknown until it can be used and SIGHUP is sent$/;
const TELEVISION = { 'user-agent': 'Mozilla/5.0 (SMART-TV; Linux; Tizen 7.0) Version/7.0 TV Safari/537.36' };
const HOSTILE = { 'user-agent': 'Mozilla/5.0 (' + '; HTC '.repeat(200), 'sec-ch-ua': '"'.repeat(3000), 'sec-ch-ua-model': '"\\"\\' };

describe('the file of agents', { timeout: 60_000 }, () => {
    let server, file, good;
    const warnings = () => server.child.output.stderr.split('\n').filter((line) => WARNING.test(line));
    const device = async (headers) => (await server.visitor({ headers }).chose('deny')).device;

    before(async () => {
        server = new Server();
        file = join(server.folder, 'regexes.yaml');
        good = join(UAP_CORE, 'regexes.yaml');
        server.configure({ agents: 'regexes.yaml' });
        server.expect(WARNING);
        await server.launch();
    });
    after(() => server.end());

    it('may be missing', async () => {
        assert.match(warnings().join('\n'), /regexes\.yaml cannot be read \(No such file or directory\)/);
        assert.equal(await device(TELEVISION), 'tv');
    });

    for (const [what, write, complaint] of [
        ['empty', () => writeFileSync(file, ''), /is empty/],
        ['no YAML', () => writeFileSync(file, 'a: ['), /regexes\.yaml:\d+: this is not YAML/],
        ['without lists', () => writeFileSync(file, 'a: b\n'), /regexes\.yaml:1: there are no `user_agent_parsers`/],
        ['larger than any', () => writeFileSync(file, Buffer.alloc((4 << 20) + 1)), /is too large/],
        ['good', () => copyFileSync(good, file), null],
        ['good, and gone afterwards', () => copyFileSync(good, file), null],
    ])
        it(`may be ${what}`, async () => {
            const n = warnings().length;
            rmSync(file, { force: true });
            write();
            await server.reload(server.config);
            if (what.includes('gone')) rmSync(file);
            const more = warnings().slice(n);
            assert.equal(more.length, complaint ? 1 : 0, more.join('\n'));
            if (complaint) assert.match(more[0], complaint);
            assert.equal(await device(TELEVISION), 'tv');
            assert.equal(await device(HOSTILE), 'unknown');
        });
});
