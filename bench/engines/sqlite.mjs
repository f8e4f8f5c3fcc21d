// Debian's sqlite3: its shell keeps the file open and takes the time itself (.timer). No index: every question reads
// most of its table.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { COLUMNS, NUMBERS, VISITS, plainFunnel, plainPaths } from '../lib/questions.mjs';
import { Talker, peakOf, pinned } from './process.mjs';

const END = '-- end of answer --';

export const dialect = {
    div: (a, b) => `(${a}) / ${b}`,
    unique: (column) => `count(DISTINCT ${column})`,
    exact: (column) => `count(DISTINCT ${column})`,
    funnel: plainFunnel,
    paths: plainPaths,
};

export class Sqlite {
    name = 'sqlite';
    dialect = dialect;

    constructor(set, folder) {
        this.set = set;
        this.file = join(folder, 'sqlite.db');
    }

    async load(csv) {
        this.shell = new Talker(...pinned('sqlite3', ['-batch', this.file]));
        const columns = COLUMNS.map((name) => `${name} ${NUMBERS.has(name) ? 'INTEGER' : 'TEXT'}`).join(', ');
        const began = performance.now();
        await this.shell.ask(
            `.bail on\nPRAGMA page_size = 8192; PRAGMA journal_mode = off; PRAGMA cache_size = -65536;\n` +
            `CREATE TABLE hits (${columns});\n.mode csv\n.import --skip 1 "${csv}" hits\n` +
            `CREATE TABLE visits AS ${VISITS(dialect)};\n.mode json\n.timer on\n.print ${END}\n`, END);
        return { load_s: (performance.now() - began) / 1000, bytes: statSync(this.file).size };
    }

    async sql(text) {
        const lines = await this.shell.ask(`${text.replace(/\s+/g, ' ')};\n.print ${END}\n`, END);
        const timer = /^Run Time: real ([\d.]+)/.exec(lines.pop());
        const rows = lines.length ? JSON.parse(lines.join('')) : [];
        return { ms: +timer[1] * 1000, rows: rows.map(Object.values) };
    }

    ask(question) {
        return this.sql(question.sql(dialect, this.set));
    }

    peak() {
        return { peak_mb: peakOf(this.shell.child.pid) };
    }

    async end() {
        await this.shell?.end();
    }
}
