// Debian's ClickHouse, 18.16 of 2018, as a server on the loopback with one thread a question, asked over HTTP,
// keep-alive, like crumb. It has neither CTEs nor windows, but functions for funnels and arrays.
import { createReadStream, mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { end, freePort, megabytes, start, untilAnswers } from '../lib/process.mjs';
import { COLUMNS, NUMBERS, VISITS, funnelSteps } from '../lib/questions.mjs';
import { pinned } from './process.mjs';

const TYPES = { visit: 'UInt32', visitor: 'UInt32', t_ms: 'Int64', day: 'Date' };
const typeOf = (name) => TYPES[name] ?? (NUMBERS.has(name) ? 'UInt32' : 'String');

export const dialect = {
    div: (a, b) => `intDiv(${a}, ${b})`,
    unique: (column) => `uniqCombined(${column})`,
    exact: (column) => `uniqExact(${column})`,
    funnel: (where) => `SELECT n FROM (SELECT [countIf(level >= 1), countIf(level >= 2), countIf(level >= 3)] AS ns FROM
        (SELECT windowFunnel(86400)(toUInt32(intDiv(t_ms, 1000)), ${funnelSteps.join(', ')}) AS level FROM hits
        WHERE ${where} AND kind = 'view' GROUP BY visit)) ARRAY JOIN ns AS n`,
    paths: (where) => `SELECT arrayStringConcat(arraySlice(arrayFilter((p, i) -> i = 1 OR p != all_pages[i - 1], all_pages,
            arrayEnumerate(all_pages)), 1, 3), ' > ') AS path, count() AS n
        FROM (SELECT arraySort((p, t) -> t, groupArray(page), groupArray(t_ms)) AS all_pages FROM hits
            WHERE ${where} AND kind = 'view' GROUP BY visit)
        GROUP BY path ORDER BY n DESC, path LIMIT 20`,
};

const users = `<yandex><profiles><default><max_threads>1</max_threads><max_memory_usage>8000000000</max_memory_usage>
</default></profiles><users><default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile>
<quota>default</quota></default></users><quotas><default></default></quotas></yandex>
`;
const config = (folder, tcp, port) => `<yandex><logger><level>error</level><log>${folder}/log</log>
<errorlog>${folder}/errors</errorlog></logger><http_port>${port}</http_port><tcp_port>${tcp}</tcp_port>
<listen_host>127.0.0.1</listen_host><path>${folder}/data/</path><tmp_path>${folder}/tmp/</tmp_path>
<users_config>users.xml</users_config><default_profile>default</default_profile><default_database>default</default_database>
<mark_cache_size>5368709120</mark_cache_size></yandex>
`;

export class Clickhouse {
    name = 'clickhouse';
    dialect = dialect;

    constructor(set, folder) {
        this.set = set;
        this.folder = join(folder, 'clickhouse');
        this.agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    }

    // @body: a stream that follows the query.
    sql(query, body) {
        const path = body ? `/?query=${encodeURIComponent(query)}` : '/?default_format=JSONCompact';
        return new Promise((give, fail) => {
            const began = performance.now();
            const sent = http.request({ host: '127.0.0.1', port: this.port, method: 'POST', path, agent: this.agent });
            sent.on('response', (message) => {
                const parts = [];
                message.on('data', (part) => parts.push(part));
                message.on('end', () => {
                    const ms = performance.now() - began;
                    const text = Buffer.concat(parts).toString();
                    if (message.statusCode !== 200) return fail(new Error(`clickhouse: ${text.slice(0, 400)}`));
                    const rows = text.startsWith('{') ? JSON.parse(text).data : [];
                    give({ ms, rows: rows.map((row) => row.map(number)) });
                });
            });
            sent.on('error', fail);
            if (body) body.pipe(sent);
            else sent.end(query);
        });
    }

    async load(csv) {
        mkdirSync(join(this.folder, 'tmp'), { recursive: true });
        this.port = await freePort();
        writeFileSync(join(this.folder, 'users.xml'), users);
        writeFileSync(join(this.folder, 'config.xml'), config(this.folder, await freePort(), this.port));
        this.child = start(...pinned('clickhouse-server', [`--config-file=${this.folder}/config.xml`]));
        await untilAnswers(this.port, '/');
        const columns = COLUMNS.map((name) => `${name} ${typeOf(name)}`).join(', ');
        const began = performance.now();
        await this.sql(`CREATE TABLE hits (${columns}) ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY (day, visitor, t_ms)`);
        await this.sql('INSERT INTO hits FORMAT CSVWithNames', createReadStream(csv));
        await this.sql('OPTIMIZE TABLE hits FINAL');
        await this.sql(`CREATE TABLE visits ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY (day, visitor)
            AS ${VISITS(dialect)}`);
        const load_s = (performance.now() - began) / 1000;
        const { rows } = await this.sql('SELECT sum(bytes_on_disk) FROM system.parts WHERE active');
        return { load_s, bytes: +rows[0][0] };
    }

    ask(question) {
        return this.sql(question.sql(dialect, this.set));
    }

    peak() {
        return { peak_mb: megabytes([this.child.pid], 'VmHWM') };
    }

    async end() {
        this.agent.destroy();
        if (this.child) await end([this.child]);
    }
}

// 64-bit numbers come as text.
const number = (value) => (typeof value === 'string' && /^\d+$/.test(value) ? +value : value);
