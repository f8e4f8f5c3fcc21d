// crumb: a store filled by build/bench/load, asked over HTTP on the loopback, keep-alive, as an analyst's program does.
import { execFileSync } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { build } from '../lib/figures.mjs';
import { end, freePort, megabytes, start, untilAnswers } from '../lib/process.mjs';
import { answerOf } from '../lib/questions.mjs';
import { pinned, run } from './process.mjs';

const CRUMB = join(build, 'crumb');

export class Crumb {
    name = 'crumb';

    constructor(set, folder) {
        this.set = set;
        this.config = join(folder, 'crumb.yaml');
        this.folder = join(folder, 'crumb');
        this.agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    }

    async configure() {
        const token = execFileSync(CRUMB, ['token', '--name', 'bench', '--role', 'analyst', '--site', 'shop'], {
            encoding: 'utf8',
        }).split('\n');
        [this.token] = token;
        this.port = await freePort();
        // The made-up days may be long ago, and none expires while others are asked.
        writeFileSync(
            this.config,
            `data: ${this.folder}
listen: {public: 127.0.0.1:0, private: 127.0.0.1:${this.port}}
tokens:
${token[1]}
sites:
  shop:
    origins: [https://shop.example]
    timezone: ${this.set.zone}
    controller: {name: Example Shop, contact: privacy@shop.example}
    purposes: {analytics: {collects: [log, device]}, journeys: {collects: [clickpath]}}
    retention: {journal: 120mo, segments: 120mo}
`);
    }

    async serve() {
        this.child = start(...pinned(CRUMB, ['serve', '-c', this.config]));
        await untilAnswers(this.port, '/healthz');
    }

    // With nothing in it.
    async begin() {
        await this.configure();
        await this.serve();
    }

    async load(csv) {
        await this.configure();
        const loaded = await run(...pinned(join(build, 'bench/load'), ['-c', this.config, '--site', 'shop', csv]));
        const told = JSON.parse(loaded.stdout);
        this.loadMb = loaded.peak_mb;
        await this.serve();
        const { rollups = 0, segments = 0, ledger, journal } = told.table_bytes;
        return {
            load_s: told.journal_s + told.seal_s, journal_s: told.journal_s, seal_s: told.seal_s,
            bytes: rollups + segments, journal_bytes: journal, ledger_bytes: ledger,
            file_bytes: statSync(join(this.folder, 'crumb.mdb')).size,
        };
    }

    // { ms, rows }, or { refused: why }.
    ask(question) {
        const { path, body } = question.ask(this.set);
        const text = JSON.stringify(body);
        const headers = { authorization: `Bearer ${this.token}`, 'content-length': Buffer.byteLength(text) };
        return new Promise((give, fail) => {
            const began = performance.now();
            const sent = http.request({ host: '127.0.0.1', port: this.port, method: 'POST', path, headers, agent: this.agent });
            sent.on('response', (message) => {
                const parts = [];
                message.on('data', (part) => parts.push(part));
                message.on('end', () => {
                    const ms = performance.now() - began;
                    const answer = JSON.parse(Buffer.concat(parts).toString());
                    if (message.statusCode !== 200) return give({ refused: `${message.statusCode}: ${answer.error}` });
                    give({ ms, rows: answerOf(question, answer) });
                });
            });
            sent.on('error', fail);
            sent.end(text);
        });
    }

    // Of loading or of answering, whichever took more; the service's own is peak_query_mb.
    peak() {
        const query = megabytes([this.child.pid], 'VmHWM');
        return { peak_mb: Math.max(query, this.loadMb), peak_query_mb: query };
    }

    async end() {
        this.agent.destroy();
        if (this.child) await end([this.child]);
    }
}
