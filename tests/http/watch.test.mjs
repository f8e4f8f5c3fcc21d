// `crumb watch`: a line a second of what the books got, which sum up to what was sent; a page in a terminal.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, it } from 'node:test';
import { Visitor } from './client.mjs';
import { CRUMB, crumb, site, sleep, withServer } from './server.mjs';

const SECONDS = 4;

// In a terminal of script(1): what it drew, and the code it ended with.
function inTerminal(args) {
    const child = spawn('script', ['-qefc', [CRUMB, ...args].join(' '), '/dev/null'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let drawn = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (drawn += text));
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, drawn })));
}

describe('crumb watch', { timeout: 60_000 }, () => {
    it('tells each second what was received, stored and dropped, and nothing twice', () =>
        withServer({ sites: { shop: site() } }, async (server) => {
            const visitor = new Visitor(server);
            await visitor.chose('grant', { purposes: { analytics: true } });
            await visitor.beacon(); // before anybody looks
            const watching = crumb(['watch', '-c', server.file, '--count', String(SECONDS)]);
            await sleep(1500);
            for (let i = 0; i < 3; i++) await visitor.beacon();
            await new Visitor(server).beacon();
            const { code, stdout, stderr } = await watching;
            assert.deepEqual([code, stderr], [0, '']);
            const lines = stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
            assert.equal(lines.length, SECONDS);
            const sum = (name) => lines.reduce((all, line) => all + (line[name] ?? line.dropped[name] ?? 0), 0);
            assert.deepEqual(['received', 'stored', 'no_consent'].map(sum), [4, 3, 1]);
            assert.ok(lines.every(({ t }) => Math.abs(t - Date.now()) < 60_000));
        }));

    it('draws a page in a terminal, with the pages of before it began', () =>
        withServer({ sites: { shop: site(), other: site({ origins: ['https://other.example'] }) } }, async (server) => {
            const visitor = new Visitor(server);
            await visitor.chose('grant', { purposes: { analytics: true } });
            await visitor.beacon({ url: 'https://shop.example/hats' });
            await visitor.beacon({ url: 'https://shop.example/hats' });
            const { code, drawn } = await inTerminal(['watch', '-c', server.file, '--site', 'shop', '--count', '1']);
            assert.equal(code, 0, drawn);
            assert.match(drawn, /crumb watch {2}shop/);
            assert.match(drawn, /Last minute: 0 received, 0 stored/); // it came before the first look
            assert.match(drawn, /shop\.example\/hats +2/);
            const other = await inTerminal(['watch', '-c', server.file, '--site', 'other', '--count', '1']);
            assert.doesNotMatch(other.drawn, /hats/);
        }));

    it('shows nothing any more of whoever was restricted or erased a moment ago', () =>
        withServer({ sites: { shop: site() } }, async (server) => {
            const [ann, bob, cat] = [new Visitor(server), new Visitor(server), new Visitor(server)];
            for (const [visitor, path] of [[ann, 'anns'], [bob, 'bobs'], [cat, 'cats']]) {
                await visitor.chose('grant');
                await visitor.beacon({ url: `https://shop.example/${path}` });
            }
            const watching = inTerminal(['watch', '-c', server.file, '--count', '8']);
            await sleep(2500);
            assert.equal((await ann.ask('POST', '/v1/me/restriction?site=shop')).status, 200);
            assert.equal((await bob.ask('DELETE', '/v1/me?site=shop')).status, 200);
            await sleep(2500);
            assert.equal((await ann.ask('DELETE', '/v1/me/restriction?site=shop')).status, 200);
            const { code, drawn } = await watching;
            assert.equal(code, 0, drawn);
            const seen = drawn.split('\x1b[H\x1b[J').slice(1).map((frame) => ['anns', 'bobs', 'cats'].filter((path) => frame.includes(path)).join(' '));
            assert.deepEqual(seen.filter((now, i) => now !== seen[i - 1]), ['anns bobs cats', 'cats', 'anns cats']);
        }));

    it('says what is wrong with a call', () =>
        withServer({ sites: { shop: site() } }, async (server) => {
            for (const [more, message] of [[['--site', 'nowhere'], /`nowhere` is not a site/], [['--count', '0'], /wrong value: 0/],
                [['--count', '-1'], /wrong value: -1/], [['--count', '3x'], /wrong value: 3x/]]) {
                const { code, stdout, stderr } = await crumb(['watch', '-c', server.file, ...more]);
                assert.deepEqual([code, stdout], [2, '']);
                assert.match(stderr, message);
            }
        }));

    it('ends in peace when it is told to', () =>
        withServer({ sites: { shop: site() } }, async (server) => {
            const child = spawn(CRUMB, ['watch', '-c', server.file], { stdio: ['ignore', 'pipe', 'inherit'] });
            await new Promise((resolve) => child.stdout.once('data', resolve));
            child.kill('SIGINT');
            const [code, signal] = await new Promise((resolve) => child.once('exit', (...end) => resolve(end)));
            assert.deepEqual([code, signal], [0, null]);
        }));
});
