// What keeps a store: an erasure, another master key, retention, compaction. Each as a thing that can be begun on a store
// of weeks, and must come to the same end whatever happens to it on the way.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { request } from '../http/client.mjs';
import { eventually, makeToken, site } from '../http/server.mjs';
import { begin, folder } from './harness.mjs';
import { FINISHED, lines, replay } from './replay.mjs';

const DONE_MS_MAX = 60_000;
const LONG = { journal: '10y', segments: '10y', choice: '10y', visitor: '10y' };
const SHORT = { ...LONG, journal: '3d', segments: '35d' };
const SECRET = 'secret';

// Somebody on a page of their own on every other day, beside somebody else.
const theirs = () => lines().split('\n').map((line) => JSON.parse(line))
    .filter(({ visitor }) => / 7$/.test(visitor) && Number(visitor.split(' ')[1]) % 2)
    .map((line, n) => JSON.stringify({ ...line, t: line.t + 1000, visitor: SECRET, event: `e=pv&url=https%3A%2F%2Fshop.example%2F${SECRET}-${n}` }));

const byTime = (all) => all.sort((a, b) => JSON.parse(a).t - JSON.parse(b).t).join('\n');
const isSealed = ({ sealed, last, changes, built }) => sealed === last && changes === built;
const hasExpired = ({ folded, events }) => folded && events === 0;

// A store whose days and months are sealed, and what may be asked of it.
export class Kept {
    // @elsewhere: where the copy is, of which each round begins; null: beside it.
    static async make(all, officer, elsewhere) {
        const kept = new Kept();
        kept.server = folder();
        kept.officer = officer;
        kept.configure(LONG);
        assert.deepEqual(await replay(kept.server, byTime(all)).ended, FINISHED);
        assert.ok(await begin(kept.server));
        await kept.until('seals', async () => (await kept.dump('days')).every(isSealed) && (await kept.dump('rollup')).some(({ month }) => month));
        await kept.server.stop();
        assert.equal((await kept.server.run('compact')).code, 0); // so that what is written needs room
        kept.before = mkdtempSync(join(elsewhere ?? kept.server.folder, 'crumb-before-'));
        cpSync(kept.server.data, kept.before, { recursive: true });
        return kept;
    }

    // With somebody to be erased, and without.
    static async both(elsewhere) {
        const officer = await makeToken('officer', 'privacy', 'shop');
        return [await Kept.make([...lines().split('\n'), ...theirs()], officer, elsewhere), await Kept.make(lines().split('\n'), officer)];
    }

    cleanup() {
        this.server.cleanup();
        rmSync(this.before, { recursive: true, force: true });
    }

    configure(retention) {
        this.server.configure({ sites: { shop: site({ retention }) }, tokens: [this.officer.entry] });
    }

    // As it was made.
    reset() {
        rmSync(this.server.data, { recursive: true, force: true });
        cpSync(this.before, this.server.data, { recursive: true });
    }

    dump = (tier) => this.server.dump(tier);
    until = (what, attempt) => eventually(what, attempt, DONE_MS_MAX);

    async verified() {
        const { code, stdout, stderr } = await this.server.run('verify', ['--rebuild']);
        assert.equal(code, 0, stdout + stderr);
        await this.server.books();
    }

    // All that is told, but for numbers and ids that are given one after the other.
    async told() {
        const [journal, segment, rollup] = await Promise.all(['journal', 'segment', 'rollup'].map(this.dump));
        return {
            journal: journal.map(({ sequence, consent, visitor, ...row }) => row), rollup,
            segment: segment.map(({ visit: { visitor, ...visit }, ...row }) => ({ ...row, visit })),
        };
    }

    // What others did is there, whatever becomes of the one who is erased.
    async others() {
        return (await this.told()).journal.filter(({ log }) => !log.path.includes(SECRET));
    }
}

// The officer erases the one who is to go; nobody may hear the request.
async function askForErasure({ server, officer }) {
    const row = (await server.dump('journal')).find(({ log }) => log.path.includes(SECRET));
    if (!row || !(await server.dump('visitors')).some(({ visitor }) => visitor === row.visitor)) return;
    await request(server.private, {
        method: 'POST', path: '/admin/minors?site_id=shop', body: JSON.stringify({ visitor: row.visitor }),
        headers: { authorization: `Bearer ${officer.token}` },
    }).catch(() => {});
}

async function statusOf(server) {
    const { code, stdout, stderr } = await server.run('key', ['status']);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
}

async function isTurned({ server }) {
    const { rotating, left, epoch } = await statusOf(server);
    return !rotating && left === 0 && epoch > 1;
}

// retention: of the site. begin: asks for it where a server runs, as often as it takes. isDone: whether it has come to its
// end. command: what does it where no server runs; it is done once that was good.
export const WORKS = {
    erasure: {
        retention: LONG, begin: askForErasure,
        isDone: async ({ server }) => !(await server.dump('jobs')).length && (await server.dump('deeds')).length === 1 &&
            (await server.dump('days')).every(isSealed) && (await server.dump('rollup')).some(({ month }) => month),
    },
    rotation: {
        retention: LONG,
        begin: async ({ server }) => {
            const { rotating, epoch } = await statusOf(server);
            if (!rotating && epoch === 1) await server.run('key', ['rotate']);
        },
        isDone: isTurned,
    },
    retention: {
        retention: SHORT, begin: async () => {},
        isDone: async ({ server }) => (await server.dump('days')).every(hasExpired),
    },
    compaction: { retention: LONG, command: ['compact'] },
    'rotation by the command': { retention: LONG, command: ['key', 'rotate'], isDone: isTurned },
};

// With nothing in the way, until it is done; what is told then.
export async function complete(kept, work) {
    const { server } = kept;
    if (work.command && !(await work.isDone?.(kept))) {
        const { code, stderr } = await server.run(work.command[0], work.command.slice(1));
        assert.equal(code, 0, stderr);
    }
    if (!isRunning(server)) assert.ok(await begin(server)); // whatever it was, it serves
    if (!work.command) {
        await work.begin(kept);
        await kept.until('the end', () => work.isDone(kept));
    }
    await server.stop();
    await kept.verified();
    return kept.told();
}

export const isRunning = ({ child }) => child?.exitCode === null && child.signalCode === null;
