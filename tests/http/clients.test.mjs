// Clients that are slow, that leave, and that are many.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import { after, before, describe, it } from 'node:test';
import { Wire, event, raw, uuid } from './client.mjs';
import { HTTP2, eventually, sleep, start, withServer } from './server.mjs';

// These wait for time limits, so they do it together.
describe('a slow client', { timeout: 120_000, concurrency: 16 }, () => {
    const LIMIT_MS = 10_000;
    const STALL_MS = 20_000;
    const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00';
    let server;
    before(async () => {
        server = await start(HTTP2);
    });
    after(() => server.end());

    const drip = async (wire, byte) => {
        for (; !wire.socket.destroyed; await sleep(500)) await wire.send(byte);
    };
    const clients = [
        ['that says nothing', () => {}],
        ['that stops in its first line', (wire) => wire.send('GET /p')],
        ['that stops in its header', (wire) => wire.send('GET /p.gif HTTP/1.1\r\nHost: x\r\n')],
        ['that stops in its body', (wire) => wire.send('POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\naid=')],
        ['that sends its header line by line for ever', async (wire) => {
            await wire.send('GET /p.gif HTTP/1.1\r\n');
            await drip(wire, 'X: y\r\n');
        }],
        ['that sends its body byte by byte', async (wire) => {
            await wire.send('POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 65536\r\n\r\n');
            await drip(wire, 'x');
        }],
        ['that sends its body chunk by chunk', async (wire) => {
            await wire.send('POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
            await drip(wire, '1\r\nx\r\n');
        }],
        ['that keeps its connection for nothing', (wire) => wire.send(raw('/v1/notice?site=shop'))],
        ['that says nothing in HTTP/2', (wire) => wire.send(PREFACE)],
    ];
    for (const [name, act] of clients)
        it(`${name} is cut off after 10 s`, async () => {
            const wire = new Wire(server.public);
            await Promise.all([act(wire), wire.closed]);
            const { ms } = await wire.closed;
            assert.ok(ms > LIMIT_MS - 1000 && ms < LIMIT_MS + 3000, `after ${ms} ms`);
        });

    it('that takes nothing of its answers is cut off after 20 s', async () => {
        // The test's own socket is not read, so it does not see its end: the kernel's list of them does.
        const there = (wire) => readFileSync('/proc/net/tcp', 'latin1').split('\n').filter((line) => {
            const [, local, remote, state] = line.trim().split(/\s+/);
            const port = (address) => parseInt(address.split(':')[1], 16);
            return remote && port(local) === server.public && port(remote) === wire.socket.localPort && state === '01';
        }).length;
        const wire = new Wire(server.public);
        await wire.ready;
        wire.socket.pause();
        wire.send(raw('/v1/notice?site=shop').repeat(20_000));
        await sleep(STALL_MS / 2);
        assert.equal(there(wire), 1);
        await eventually('the cut', () => there(wire) === 0, STALL_MS);
        await wire.end();
    });

    it('that takes nothing of its answers does not keep SIGTERM from ending the server in 10 s', async () => {
        await withServer({}, async (server) => {
            const wire = new Wire(server.public);
            wire.socket.pause();
            wire.send(raw('/v1/notice?site=shop').repeat(20_000));
            await eventually('the first requests', async () => (await server.metric('requests_total')) > 100);
            await server.stop();
            await wire.end();
        });
    });
});

describe('clients that leave', { timeout: 120_000 }, () => {
    let server, visitor, cookie;
    before(async () => {
        server = await start(HTTP2);
        visitor = server.visitor();
        await visitor.chose('grant');
        cookie = `crumb_id=${visitor.cookies.get('crumb_id')}`;
    });
    after(() => server.end());

    // What they sent may have been stored or not, but it is in the books, and the next visitor is served.
    async function assertServed() {
        assert.deepEqual((await visitor.beacon()).result, { received: 1, stored: 1 });
        await server.books();
        await server.assertSound();
    }

    it('500 connections at a time, as soon as they have asked, do no harm', async () => {
        for (let round = 0; round < 4; round++) {
            const wires = Array.from({ length: 500 }, () => new Wire(server.public));
            await Promise.all(wires.map((wire) => wire.ready));
            await Promise.all(wires.map(async (wire, i) => {
                await wire.send(raw(`/p.gif?${event()}`, `Cookie: ${cookie}\r\n`));
                if (i % 2) wire.socket.resetAndDestroy();
                else wire.socket.destroy();
                await wire.closed;
            }));
        }
        await assertServed();
    });

    it('in the middle of choices, questions and bodies do no harm', async () => {
        const { hash } = await visitor.notice();
        const choice = JSON.stringify({ site: 'shop', notice: hash, surface: 'banner', action: 'grant' });
        const body = Array.from({ length: 50 }, () => event()).join('\n');
        const mine = `Cookie: ${cookie}\r\n`;
        const post = (path, text) =>
            `POST ${path} HTTP/1.1\r\nHost: x\r\n${mine}Content-Length: ${text.length}\r\n\r\n${text}`;
        const requests = [post('/v1/consent', choice), post('/p', body), post('/p', body).slice(0, 900),
            raw('/v1/consent?site=shop', mine), raw(`/v1/notice/${hash}`), raw(`/p.gif?${event()}`).repeat(10)];
        for (let round = 0; round < 4; round++)
            await Promise.all(Array.from({ length: 240 }, async (_, i) => {
                const wire = new Wire(server.public);
                await wire.send(requests[i % requests.length]);
                if (i % 2) wire.socket.resetAndDestroy();
                else await wire.end();
            }));
        await assertServed();
    });

    it('by resetting HTTP/2 streams and destroying sessions do no harm, and are counted', async () => {
        const before = await server.metric('requests_vanished_total');
        const vanish = async (i) => {
            const session = http2.connect(`http://127.0.0.1:${server.public}`);
            session.on('error', () => {});
            await new Promise((resolve) => session.once('remoteSettings', resolve).once('close', resolve));
            const streams = Array.from({ length: 50 }, (_, k) => {
                const path = k % 5 === 4 ? '/v1/consent?site=shop' : `/p.gif?${event()}`;
                const unfinished = { ':method': 'POST', ':path': '/p', 'content-length': 1000, cookie };
                const half = k % 5 === 3;
                const stream = session.request(half ? unfinished : { ':path': path, cookie }, { endStream: !half });
                if (half) stream.write(event());
                stream.on('error', () => {});
                return stream;
            });
            // In the same turn, so that request and reset come in one packet; some sessions break off altogether.
            await new Promise(setImmediate);
            if (i % 3 === 0) session.destroy();
            else streams.forEach((stream) => stream.close(http2.constants.NGHTTP2_CANCEL));
            await sleep(10);
            session.destroy();
        };
        const vanished = async () => {
            await Promise.all(Array.from({ length: 20 }, (_, i) => vanish(i)));
            return (await server.metric('requests_vanished_total')) > before;
        };
        await eventually('a request that vanished', vanished, 30_000);
        for (let round = 0; round < 4; round++) await vanished();
        await assertServed();
    });

    it('do not keep HTTP/2 from working for others', async () => {
        const session = http2.connect(`http://127.0.0.1:${server.public}`);
        const ask = () => new Promise((resolve, reject) => {
            const stream = session.request({ ':path': `/p.gif?${event({ eid: uuid() })}`, cookie });
            stream.on('response', (headers) => {
                stream.resume().on('end', () => resolve([headers[':status'], headers['crumb-result']]));
            }).on('error', reject);
        });
        const { answer, books } = await server.added(() => Promise.all(Array.from({ length: 100 }, ask)));
        for (const one of answer) assert.deepEqual(one, [200, 'received=1, stored=1']);
        assert.deepEqual(books, { received: 100, stored: 100 });
        session.close();
    });

    it('SIGTERM among them is no harm either', async () => {
        const storm = Array.from({ length: 300 }, async (_, i) => {
            const wire = new Wire(server.public);
            await wire.send(raw(`/p.gif?${event()}`, `Cookie: ${cookie}\r\n`));
            if (i % 3) await wire.end();
            else await wire.closed;
        });
        await server.stop();
        await Promise.all(storm);
        await server.launch();
        await assertServed();
    });
});

// How many files this process and the server may have open, less what else they need.
const WANTED = 10_000;
const RAISE = 'ulimit -n 30000 2>/dev/null || ulimit -n $(ulimit -Hn)';
const allowed = (text) => Number(text.match(/Max open files +(\d+)/)?.[1]) || WANTED;
const here = allowed(readFileSync('/proc/self/limits', 'utf8'));
const there = Number(execFileSync('bash', ['-c', `${RAISE}; ulimit -n`]).toString()) || here;
const CROWD = Math.min(WANTED, Math.min(here, there) - 512);
const crowdName = `${CROWD} idle connections${CROWD < WANTED ? ', as many as the limit of open files allows here,' : ''}`;

describe('many fields of one name', { timeout: 60_000 }, () => {
    const FIELDS = 98; // libh2o takes a hundred
    const GROWTH_MB_MAX = 100; // of 40 requests at a time, whose bytes alone are 16 MB
    const sanitized = readFileSync(process.env.CRUMB ?? 'build/crumb').includes('__asan_init');
    const peakMb = (pid) => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmHWM:\s+(\d+)/)[1]) / 1024;
    const fields = (name, value) => `${name}: ${value}\r\n`.repeat(FIELDS);

    for (const [name, value, expected] of [
        ['Cookie', `a=${'a'.repeat(4000)}`, 'received=1, bad_id=1'],
        ['X-Forwarded-For', Array(400).fill('10.0.0.1').join(', '), 'received=1, no_consent=1'],
    ])
        it(`${name} are read up to a bound and cost no more than their bytes`, async () => {
            await withServer({ trusted_proxies: ['127.0.0.1/32', '10.0.0.0/8'] }, async (server) => {
                const before = peakMb(server.child.pid);
                const wires = Array.from({ length: 40 }, () => new Wire(server.public));
                await Promise.all(wires.map(async (wire) => {
                    await wire.send(raw(`/p.gif?${event()}`, fields(name, value)));
                    assert.match(await wire.until(/Crumb-Result: .*\r\n/), new RegExp(`Crumb-Result: ${expected}\r\n`));
                    await wire.end();
                }));
                if (!sanitized) assert.ok(peakMb(server.child.pid) - before < GROWTH_MB_MAX, 'memory');
            });
        });
});

describe('a crowd', { timeout: 120_000 }, () => {
    it(`of ${crowdName} does not keep beacons from being stored`, async () => {
        await withServer({}, RAISE, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            const crowd = [];
            while (crowd.length < CROWD) {
                const more = Array.from({ length: Math.min(500, CROWD - crowd.length) }, () => new Wire(server.public));
                crowd.push(...more);
                await Promise.all(more.map((wire) => wire.ready));
            }
            for (let i = 0; i < 50; i++) assert.deepEqual((await visitor.beacon()).result, { received: 1, stored: 1 });
            const open = crowd.filter((wire) => !wire.socket.destroyed).length;
            crowd.forEach((wire) => wire.socket.destroy());
            assert.ok(open > CROWD * 0.99, `only ${open} were still open`);
            assert.equal(await server.metric('connections_refused_total'), 0);
        });
    });

    it('of more connections than there are files for is refused at once, and others go on', async () => {
        // 256 of them are kept for everything else.
        await withServer({}, 'ulimit -n 600', async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            const crowd = Array.from({ length: 500 }, () => new Wire(server.public));
            await eventually('a refusal', () => crowd.filter((wire) => wire.socket.destroyed).length > 100);
            // Meanwhile who watches the service, and who asks it, has a door of their own.
            assert.ok((await server.metric('connections_refused_total')) > 100);
            crowd.forEach((wire) => wire.socket.destroy());
            await eventually('room', () => visitor.beacon().then((answer) => answer.result.stored, () => false));
        });
    });
});
