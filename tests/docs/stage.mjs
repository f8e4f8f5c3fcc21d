// Where the blocks of a document are run: a folder with the README's or the document's own configuration as crumb.yaml,
// the programs where a build puts them, and a server.
//
// Blocks run one after another, as in one shell. The server is there already: the lines that would build or start it
// are left out. What fills a stopped store runs before.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CRUMB, Server, crumb, sleep } from '../http/server.mjs';
import { blocksOf } from './documents.mjs';

const PROGRAM = resolve(CRUMB);
const REPLAY = resolve(process.env.REPLAY ?? join(dirname(PROGRAM), 'bench/replay'));
const RUN_MS_MAX = 60_000;
const CALM_MS = 30_000;
const HOUR_MS = 3_600_000;
const PORTS = [[/127\.0\.0\.1:8080/g, 'public'], [/127\.0\.0\.1:8081/g, 'private']];
const DONE = /^(script\/|build\/crumb serve).*$/gm;

export const isBefore = (block) => block.text.includes('build/bench/replay');

class Written extends Server {
    configure({ yaml }) {
        writeFileSync(this.file, yaml);
    }
}

// What the documents show is one visit, one day and one hour, so none of them may end meanwhile.
async function calm() {
    const left = HOUR_MS - (Date.now() % HOUR_MS);
    if (left < CALM_MS) await sleep(left);
}

async function makeToken() {
    const { stdout } = await crumb(['token', '--name', 'reader', '--role', 'analyst', '--site', 'shop']);
    const [token, line] = stdout.split('\n');
    return { token, line };
}

export class Stage {
    // @file: the document whose configuration it is.
    static async build(file = 'README.md') {
        const stage = new Stage();
        const { token, line } = await makeToken();
        const [{ text }] = blocksOf(file).filter(({ language }) => language === 'yaml');
        const yaml = PORTS.reduce((all, [port]) => all.replace(port, '127.0.0.1:0'), text);
        stage.server = new Written({ yaml: `${yaml}\ntokens:\n  ${line}\n` });
        stage.token = token;
        const build = join(stage.server.folder, 'build');
        mkdirSync(join(build, 'bench'), { recursive: true });
        symlinkSync(PROGRAM, join(build, 'crumb'));
        symlinkSync(REPLAY, join(build, 'bench/replay'));
        stage.shell = join(stage.server.folder, '.shell'); // the variables that the blocks so far have set
        writeFileSync(stage.shell, '');
        return stage;
    }

    async start() {
        if (this.server.child) return;
        await calm();
        await this.server.launch();
    }

    // @text as it is on this stage.
    here(text) {
        return PORTS.reduce((all, [port, name]) => all.replace(port, `127.0.0.1:${this.server[name]}`), text);
    }

    // { code, output }.
    async run(block) {
        if (!isBefore(block)) await this.start();
        const script = `exec 2>&1\nset -a\n. "$STAGE"\nset -euo pipefail\ntrap 'export -p >"$STAGE"' EXIT\n`;
        const { status, stdout, signal } = spawnSync('bash', ['-c', script + this.here(block.text.replace(DONE, ''))], {
            cwd: this.server.folder,
            encoding: 'utf8',
            timeout: RUN_MS_MAX,
            env: { ...process.env, STAGE: this.shell, TOKEN: this.token, LC_ALL: 'C.UTF-8' },
        });
        assert.equal(signal, null, `${block.place} did not end`);
        return { code: status, output: stdout };
    }

    // @kind: query, paths or funnel.
    async query(body, kind = 'query') {
        await this.start();
        const answer = await fetch(`http://127.0.0.1:${this.server.private}/api/v2/${kind}`, {
            method: 'POST',
            headers: { Authorization: `Bearer ${this.token}` },
            body: typeof body === 'string' ? body : JSON.stringify(body),
        });
        return { status: answer.status, answer: await answer.json() };
    }

    async schema() {
        await this.start();
        const answer = await fetch(`http://127.0.0.1:${this.server.private}/api/v2/schema?site_id=shop`, {
            headers: { Authorization: `Bearer ${this.token}` },
        });
        assert.equal(answer.status, 200);
        return answer.json();
    }

    // Stops the server, which must have been well.
    async end() {
        if (this.server.child) await this.server.end();
        else this.server.cleanup();
    }
}
