// Notices: what is shown now, what was shown then, and when a change asks again.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { site, start, withServer } from './server.mjs';

const PURPOSES = site().purposes;
const texts = { de: { title: 'Ihre Wahl', 'purpose.analytics.title': 'Besuche messen' } };
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

describe('a notice', { timeout: 60_000 }, () => {
    let server;
    before(async () => {
        server = await start({ sites: { shop: site({ texts }) } });
    });
    after(() => server.end());

    it('tells who collects what, for how long, and in which words', async () => {
        const answer = await server.get('/v1/notice?site=shop');
        const { hash, notice } = answer.json();
        assert.equal(answer.headers['crumb-notice'], hash);
        assert.equal(answer.headers['content-language'], 'en');
        assert.deepEqual(notice.controller, { name: 'Example Shop', address: '', contact: 'privacy@shop.example' });
        assert.deepEqual(notice.purposes.map(({ name, collects }) => [name, collects]), [
            ['analytics', ['log', 'device']],
            ['journeys', ['clickpath']],
            ['marketing', []],
        ]);
        assert.equal(notice.retention.journal, `${30 * 24 * 3600}s`);
        for (const key of ['title', 'body', 'accept', 'reject', 'withdraw']) assert.ok(notice.texts[key], key);
    });

    it('comes in the language that fits best, else in the first', async () => {
        const lang = async (wish) => (await server.visitor().notice(wish)).notice.lang;
        assert.deepEqual(await Promise.all(['de', 'DE', 'de-AT', 'de-Latn-AT', 'fr', 'd', 'de-', ''].map(lang)),
            ['de', 'de', 'de', 'de', 'en', 'en', 'de', 'en']);
        const { notice } = await server.visitor().notice('de');
        assert.equal(notice.texts.title, 'Ihre Wahl');
        assert.equal(notice.purposes[0].title, 'Besuche messen');
        assert.equal(notice.texts.accept, 'Accept', 'what is not translated is there in English');
    });

    it('is named by the SHA-256 of its text, and never changes under that name', async () => {
        const { hash } = await server.visitor().notice('de');
        const answer = await server.get(`/v1/notice/${hash}`);
        assert.equal(answer.status, 200);
        assert.equal(sha256(answer.text), hash);
        assert.match(answer.headers['cache-control'], /immutable/);
        assert.equal(answer.json().lang, 'de');
    });

    it('that was never shown is not found, and what is no hash is refused', async () => {
        (await server.get(`/v1/notice/${'0'.repeat(64)}`)).error(404);
        for (const name of ['0', '0'.repeat(63), '0'.repeat(65), 'g'.repeat(64), '..%2f'])
            (await server.get(`/v1/notice/${name}`)).error(400);
        (await server.get('/v1/notice/')).error(404);
        (await server.get('/v1/notice')).error(400);
        (await server.get('/v1/notice?site=nowhere')).error(404);
    });
});

// Each row: what changes in the site, and whether visitors are asked again.
const changes = [
    ['another wording', { texts: { en: { title: 'Cookies?' } } }, false],
    ['another language', { texts: { fr: { title: 'Votre choix' } } }, false],
    ['another way to reach the controller', { controller: { name: 'Example Shop', contact: 'dpo@shop.example' } }, false],
    ['a purpose that collects more', { purposes: { ...PURPOSES, marketing: { collects: ['log'] } } }, true],
    ['a new purpose', { purposes: { ...PURPOSES, research: { collects: ['log'] } } }, true],
    ['another controller', { controller: { name: 'Buyer Inc', contact: 'privacy@shop.example' } }, true],
    ['a longer retention', { retention: { segments: '36mo' } }, true],
    ['a new recipient', {
        recipients: { partner: { name: 'Ad Partner', country: 'US', why: 'ads' } },
        purposes: { ...PURPOSES, marketing: { collects: [], recipients: ['partner'] } },
    }, true],
];

describe('a change of the notice', { timeout: 60_000 }, () => {
    for (const [name, change, asks] of changes)
        it(`${asks ? 'asks again' : 'does not ask again'} for ${name}, and keeps what was shown`, async () => {
            await withServer({ sites: { shop: site() } }, async (server) => {
                const agreed = server.visitor();
                const refused = server.visitor();
                const receipt = await agreed.chose('grant');
                await refused.chose('deny');
                await server.reload({ sites: { shop: site(change) } });

                assert.equal((await agreed.consent()).ask, asks);
                assert.equal((await refused.consent()).ask, asks);
                const kept = await server.get(`/v1/notice/${receipt.notice}`);
                assert.equal(sha256(kept.text), receipt.notice);
                if (!change.texts?.fr) (await agreed.choose('grant', { notice: receipt.notice })).error(409);
                await agreed.chose('grant');
                assert.equal((await agreed.consent()).ask, false);
            });
        });

    it('leaves a grant of purposes that mean what they meant', async () => {
        await withServer({ sites: { shop: site() } }, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            const purposes = { ...PURPOSES, journeys: { collects: ['clickpath', 'log'] } };
            await server.reload({ sites: { shop: site({ purposes }) } });
            assert.deepEqual((await visitor.beacon()).result, { received: 1, stored: 1 });
            assert.deepEqual((await visitor.beacon({ e: 'se', se_ca: 'click' })).result, { received: 1, stale_notice: 1 });
            assert.deepEqual((await visitor.consent()).purposes, { analytics: true, journeys: false, marketing: true });
        });
    });
});
