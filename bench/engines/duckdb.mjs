// DuckDB from npm, in a process of its own (duckdb-process.mjs). Its memory is that of the process less what Node.js
// takes before a file is loaded.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { COLUMNS, NUMBERS, VISITS, plainFunnel, plainPaths } from '../lib/questions.mjs';
import { Talker, peakOf, pinned } from './process.mjs';

export const dialect = {
    div: (a, b) => `(${a}) // ${b}`,
    // Its own sketch, approx_count_distinct, was up to a fifth off here: no answer that could be compared.
    unique: (column) => `count(DISTINCT ${column})`,
    exact: (column) => `count(DISTINCT ${column})`,
    funnel: plainFunnel,
    paths: plainPaths,
};

export class Duckdb {
    name = 'duckdb';
    dialect = dialect;

    constructor(set, folder) {
        this.set = set;
        this.file = join(folder, 'duckdb.db');
    }

    async sql(text) {
        const [line] = await this.process.ask(`${JSON.stringify(text)}\n`, 'end');
        const answer = JSON.parse(line);
        if (answer.error) throw new Error(`duckdb: ${answer.error}`);
        return answer;
    }

    async load(csv) {
        const script = new URL('duckdb-process.mjs', import.meta.url).pathname;
        this.process = new Talker(...pinned(process.execPath, [script, this.file]));
        await this.sql('SELECT 1');
        this.before_mb = peakOf(this.process.child.pid);
        const types = COLUMNS.map((name) => `'${name}': '${NUMBERS.has(name) ? 'BIGINT' : 'VARCHAR'}'`).join(', ');
        const began = performance.now();
        await this.sql(`CREATE TABLE hits AS SELECT * FROM read_csv('${csv}', header = true, columns = {${types}}, nullstr = '(null)')`);
        await this.sql(`CREATE TABLE visits AS ${VISITS(dialect)}`);
        await this.sql('CHECKPOINT');
        return { load_s: (performance.now() - began) / 1000, bytes: statSync(this.file).size };
    }

    ask(question) {
        return this.sql(question.sql(dialect, this.set));
    }

    peak() {
        return { peak_mb: peakOf(this.process.child.pid) - this.before_mb, node_mb: this.before_mb };
    }

    async end() {
        await this.process?.end();
    }
}
