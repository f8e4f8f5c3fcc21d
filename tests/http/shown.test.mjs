// Consent statistics: what is shown and answered is counted once, with the record, and told to whoever may ask.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { request } from './client.mjs';
import { crumb, site, start, withServer } from './server.mjs';

const NONE = { analytics: false, journeys: false, marketing: false };

async function token(...args) {
    const { stdout } = await crumb(['token', '--name', args.join('-'), ...args]);
    const [text, line] = stdout.split('\n');
    return { text, hash: /hash: ([0-9a-f]{64})/.exec(line)[1] };
}

describe('statistics of consent', { timeout: 120_000 }, () => {
    let server, tokens, hash;
    before(async () => {
        tokens = {
            shop: await token('--role', 'analyst', '--site', 'shop'),
            blog: await token('--role', 'analyst', '--site', 'blog'),
            officer: await token('--role', 'privacy', '--site', 'shop'),
        };
        const entry = (name, role, sites) => ({ name, role, sites, hash: tokens[name].hash });
        server = await start({
            sites: {
                shop: site({ texts: { de: { title: 'Ihre Wahl' } } }),
                blog: site({ origins: ['https://blog.example'] }),
            },
            tokens: [entry('shop', 'analyst', ['shop']), entry('blog', 'analyst', ['blog']), entry('officer', 'privacy', ['shop'])],
        });
        hash = (await server.visitor().notice()).hash;
    });
    after(() => server.end());

    const shown = (more, headers) =>
        server.post('/v1/shown', JSON.stringify({ site: 'shop', notice: hash, surface: 'banner', ...more }), headers);
    const ask = (query, bearer = tokens.shop.text) =>
        request(server.private, {
            path: `/api/v2/consents?${new URLSearchParams({ site_id: 'shop', date_range: 'day', ...query })}`,
            headers: bearer ? { authorization: `Bearer ${bearer}` } : {},
        });
    const row = async (query = {}) => {
        const answer = await ask(query);
        assert.equal(answer.status, 200, answer.text);
        const { results } = answer.json();
        assert.equal(results.length, 1);
        return results[0];
    };
    // What @act adds to the row of everything.
    const added = async (act) => {
        const earlier = await row();
        await act();
        const later = await row();
        const differences = Object.keys(later).filter((name) => name !== 'dimensions' && later[name] !== earlier[name]);
        return Object.fromEntries(differences.map((name) => [name, later[name] - earlier[name]]));
    };

    it('count what is shown, and set and read no cookie for it', async () => {
        const counts = await added(async () => {
            for (const lang of [undefined, 'en', 'en-GB']) {
                const answer = await shown({ lang }, { cookie: 'crumb_id=rubbish; crumb_choice=rubbish' });
                assert.deepEqual([answer.status, answer.text, answer.setCookies], [204, '', []]);
            }
        });
        assert.deepEqual(counts, { shown: 3, ignored: 3 });
    });

    it('count each kind of choice once, when it is recorded', async () => {
        const everything = { purposes: { analytics: true, journeys: true, marketing: true } };
        for (const [action, more, name] of [
            ['grant', {}, 'accepted'],
            ['deny', {}, 'refused'],
            ['custom', { purposes: NONE }, 'custom'],
            ['dismiss', {}, 'dismissed'],
            ['withdraw', {}, 'withdrawn'],
            ['gpc', {}, 'gpc'],
            ['minor', {}, 'minor'],
            ['renew', everything, 'renewed'],
        ]) {
            const counts = await added(() => server.visitor().chose(action, more));
            delete counts.ignored;
            assert.deepEqual(counts, { [name]: 1 });
        }
    });

    it('count as ignored what was shown and not answered; what is changed later, or elsewhere, answers nothing', async () => {
        const lang = 'fr';
        const { hash: notice } = await server.visitor().notice(lang);
        for (let i = 0; i < 5; i++) await shown({ notice, lang });
        const [accepts, chooses, uses, dismisses] = Array.from({ length: 4 }, () => server.visitor());
        await accepts.chose('grant', { notice, lang });
        await accepts.chose('custom', { notice, lang, purposes: NONE, surface: 'dialog' });
        await accepts.chose('grant', { notice, lang, surface: 'dialog' });
        await chooses.chose('custom', { notice, lang, purposes: NONE, surface: 'dialog' });
        await uses.chose('custom', { notice, lang, purposes: NONE, surface: 'api' });
        await uses.chose('deny', { notice, lang, surface: 'page' });
        await dismisses.chose('dismiss', { notice, lang });
        const { results } = (await ask({ dimensions: 'language' })).json();
        const row = results.find(({ dimensions }) => dimensions[0] === lang);
        assert.deepEqual([row.shown, row.accepted, row.custom, row.refused, row.dismissed, row.ignored], [5, 2, 3, 1, 1, 2]);
    });

    it('do not count what is not recorded', async () => {
        const visitor = server.visitor();
        await visitor.chose('deny');
        const counts = await added(async () => {
            assert.equal((await visitor.choose('gpc')).status, 200);
            (await visitor.choose('custom')).error(400);
            (await visitor.choose('grant', { notice: '0'.repeat(64) })).error(409);
            (await visitor.choose('implied')).error(400);
            (await shown({ notice: '0'.repeat(64) })).error(409);
            (await shown({ lang: 'de' })).error(409);
            (await shown({ site: 'mall' })).error(404);
            (await shown({ surface: 'wall' })).error(400);
            (await shown({ action: 'grant' })).error(400);
            (await shown({}, { origin: 'https://evil.example' })).error(403);
            (await server.post('/v1/shown', 'rubbish')).error(400);
            (await server.post('/v1/shown', '')).error(400);
        });
        assert.deepEqual(counts, {});
    });

    it('tell days, notices, languages, countries and devices', async () => {
        const phone = { 'user-agent': 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_2)' };
        const german = (await server.visitor().notice('de')).hash;
        await shown({ notice: german, lang: 'de' }, phone);
        const { results, query } = (await ask({ dimensions: 'notice,language,device' })).json();
        const day = new Date().toISOString().slice(0, 10);
        assert.deepEqual(query, { site_id: 'shop', date_range: [day, day], dimensions: ['notice', 'language', 'device'] });
        const found = results.find((each) => each.dimensions[2] === 'phone');
        assert.deepEqual([found.dimensions, found.shown], [[german.slice(0, 16), 'de', 'phone'], 1]);
        const by = async (dimensions) => (await ask({ dimensions })).json().results.map((each) => each.dimensions);
        assert.deepEqual(await by('time:day'), [[day]]);
        assert.deepEqual(await by('country'), [['unknown']]);
        assert.deepEqual(await by('device'), [['phone'], ['unknown']]);
    });

    it('are for whoever may read the site', async () => {
        assert.equal((await ask({}, null)).status, 401);
        assert.equal((await ask({}, 'x'.repeat(43))).status, 401);
        assert.equal((await ask({}, tokens.blog.text)).status, 403);
        assert.equal((await ask({}, tokens.officer.text)).status, 403);
        assert.equal((await ask({ site_id: 'mall' })).status, 403);
        assert.equal((await request(server.public, { path: '/api/v2/consents?site_id=shop&date_range=day' })).status, 404);
    });

    it('refuse what they do not understand, and say what is right', async () => {
        assert.match((await ask({ date_range: '24h' })).error(400), /date_range/);
        assert.match((await ask({ dimensions: 'event:page' })).error(400), /dimensions/);
        assert.match((await ask({ date_range: '2026-02-02,2026-02-01' })).error(400), /before it begins/);
    });

    it('are dumped, and hold nothing but counters', async () => {
        const rows = await server.dump('consents');
        const record = (await server.dump('ledger')).length;
        const counted = rows.flatMap(({ choices }) => Object.values(choices)).reduce((sum, n) => sum + n, 0);
        assert.equal(counted, record);
        for (const each of rows)
            assert.deepEqual(Object.keys(each), ['site', 'day', 'notice', 'country', 'device', 'lang', 'shown', 'answered', 'choices']);
    });

    it('count many at once', async () => {
        const counts = await added(() =>
            Promise.all(Array.from({ length: 200 }, (_, i) => (i % 2 ? shown() : server.visitor().chose('deny', { notice: hash })))));
        delete counts.ignored;
        assert.deepEqual(counts, { shown: 100, refused: 100 });
    });
});

describe('a choice that was acknowledged', { timeout: 120_000 }, () => {
    it('is counted once after kill -9, and crumb verify compares', async () => {
        await withServer({}, async (server) => {
            let n = 0;
            const client = async () => {
                for (;;) {
                    await server.visitor().chose('deny');
                    n++;
                }
            };
            const clients = Array.from({ length: 8 }, () => client().catch((error) => error));
            while (n < 100) await new Promise((wake) => setTimeout(wake, 5));
            await server.crash();
            await Promise.all(clients);
            await server.launch();
            const records = (await server.dump('ledger')).length;
            const [{ choices }] = await server.dump('consents');
            assert.ok(records >= n);
            assert.equal(choices.deny, records);
        });
    });
});
