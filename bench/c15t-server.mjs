// @c15t/backend as its documentation says: its handler, Kysely, its own migrator; on Node by Hono's server.
//     node bench/c15t-server.mjs PORT FILE
// FILE is SQLite. A write-ahead log that is synced at each commit is the cheapest of its modes that survives a power cut.
import { serve } from '@hono/node-server';
import { c15tInstance } from '@c15t/backend';
import { kyselyAdapter } from '@c15t/backend/db/adapters/kysely';
import { migrator } from '@c15t/backend/db/migrator';
import { DB } from '@c15t/backend/db/schema';
import { Kysely, SqliteDialect } from 'kysely';
import { createRequire } from 'node:module';

const Database = createRequire(import.meta.url)(process.env.SQLITE ?? 'libsql');
const [port, file] = process.argv.slice(2);
const database = new Database(file);
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');

const adapter = kyselyAdapter({ db: new Kysely({ dialect: new SqliteDialect({ database }) }), provider: 'sqlite' });
const migration = await migrator({ db: DB.client(adapter), schema: 'latest' });
await migration.execute();

const { handler } = c15tInstance({
    appName: 'bench',
    basePath: '/api/c15t',
    trustedOrigins: ['https://shop.example'],
    adapter,
    logger: { level: 'error' },
});
serve({ fetch: handler, port: +port, hostname: '127.0.0.1' });
process.on('SIGTERM', () => process.exit(0));
