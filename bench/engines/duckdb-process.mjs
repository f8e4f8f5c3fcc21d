// DuckDB in a process of its own: one line of SQL comes in, one of JSON goes out, and the time is taken right around
// the call. One thread, as everybody has one core. Arguments: the file.
import { createInterface } from 'node:readline';
import { DuckDBInstance } from '@duckdb/node-api';

const instance = await DuckDBInstance.create(process.argv[2], { threads: '1' });
const connection = await instance.connect();
const plain = (value) => (typeof value === 'bigint' ? Number(value) : typeof value === 'object' ? String(value) : value);

for await (const line of createInterface({ input: process.stdin })) {
    const answer = {};
    try {
        const began = performance.now();
        const reader = await connection.runAndReadAll(JSON.parse(line));
        const rows = reader.getRows();
        answer.ms = performance.now() - began;
        answer.rows = rows.map((row) => row.map(plain));
    } catch (error) {
        answer.error = error.message;
    }
    process.stdout.write(`${JSON.stringify(answer)}\nend\n`);
}
