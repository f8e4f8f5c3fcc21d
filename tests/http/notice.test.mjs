// Notices: what is shown now, what was shown then, and when a change asks again.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { site, start, withServer } from './server.mjs';

const PURPOSES = site().purposes;
const texts = { de: { title: 'Ihre Auswahl' }, gsw: { title: 'Dini Wahl' } };
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

    it('comes compressed to whoever can read that, and again only if it changed', async () => {
        const plain = await server.get('/v1/notice?site=shop&lang=de');
        assert.equal(plain.json().dir, 'ltr');
        assert.equal((await server.get('/v1/notice?site=shop&lang=ar')).json().dir, 'rtl');
        for (const [coding, decode] of [['br', brotliDecompressSync], ['gzip', gunzipSync]]) {
            const answer = await server.get('/v1/notice?site=shop&lang=de', { 'accept-encoding': coding });
            assert.equal(answer.headers['content-encoding'], coding);
            assert.match(answer.headers.vary, /Accept-Encoding/);
            assert.ok(answer.body.length < plain.body.length / 2, `${answer.body.length} of ${plain.body.length} bytes`);
            assert.equal(decode(answer.body).toString(), plain.text);
            const { etag } = answer.headers;
            assert.equal((await server.get('/v1/notice?site=shop&lang=de', { 'accept-encoding': coding, 'if-none-match': etag })).status, 304);
        }
    });

    it('comes in the language that fits best, else in the first', async () => {
        const lang = async (wish) => (await server.visitor().notice(wish)).notice.lang;
        const wishes = ['de', 'DE', 'de-AT', 'de-Latn-AT', 'fr', 'zh-HK', 'no', 'd', 'de-', '', 'tlh', 'gsw-CH'];
        assert.deepEqual(await Promise.all(wishes.map(lang)),
            ['de', 'de', 'de', 'de', 'fr', 'zh-TW', 'nb', 'en', 'de', 'en', 'en', 'gsw']);
        const { notice } = await server.visitor().notice('de');
        assert.equal(notice.texts.title, 'Ihre Auswahl', 'the site has a word of its own');
        assert.equal(notice.texts.accept, 'Zustimmen', 'what it does not say is shipped');
        assert.equal(notice.purposes[0].title, 'Besuche messen');
        assert.equal(notice.purposes[2].title, 'Werbung');
        assert.match(notice.texts.body, /für: Besuche messen, Wege durch die Website, Werbung\. /);
        const own = (await server.visitor().notice('gsw')).notice;
        assert.deepEqual([own.texts.title, own.texts.accept], ['Dini Wahl', 'Accept'], 'what nobody translated is English');
    });

    it('without lang= comes in the language of Accept-Language, and says that it does', async () => {
        const rows = [
            ['', 'de-AT,de;q=0.9,en;q=0.8', 'de'],
            ['', 'tlh, fr;q=0.2, he;q=0.4', 'he'],
            ['', 'en;q=0, *', 'ar'],
            ['', 'nonsense;q=7,,', 'en'],
            ['', undefined, 'en'],
            ['&lang=uk', 'de', 'uk'],
            ['&lang=tlh', 'de', 'de'],
        ];
        for (const [lang, header, expected] of rows)
            for (const [path, langOf] of [['/v1/notice', ({ notice }) => notice.lang], ['/v1/consent', (consent) => consent.lang]]) {
                const answer = await server.get(`${path}?site=shop${lang}`, header === undefined ? {} : { 'accept-language': header });
                assert.equal(langOf(answer.json()), expected, `${path} ${lang} ${header}`);
                assert.match(String(answer.headers.vary), /accept-language/i);
            }
    });

    it('is the same words whether it is asked for or looked up by its hash', async () => {
        for (const lang of ['en', 'ar', 'hi', 'zh-TW', 'gsw']) {
            const { hash, notice } = await server.visitor().notice(lang);
            assert.deepEqual((await server.get(`/v1/notice/${hash}`)).json(), notice);
        }
    });

    it('is named by the SHA-256 of its text, and never changes under that name', async () => {
        const { hash } = await server.visitor().notice('de');
        const answer = await server.get(`/v1/notice/${hash}`);
        assert.equal(answer.status, 200);
        assert.equal(sha256(answer.text), hash);
        assert.match(answer.headers['cache-control'], /immutable/);
        assert.equal(answer.headers['access-control-allow-origin'], '*', 'any page may read it');
        assert.equal(answer.headers['access-control-allow-credentials'], undefined);
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
    ['another language', { texts: { gsw: { title: 'Dini Wahl' } } }, false],
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
    it('that is closed over is asked once, and what the stale grant covered ends', async () => {
        await withServer({ sites: { shop: site() } }, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            await server.reload({ sites: { shop: site({ retention: { segments: '36mo' } }) } });
            assert.equal((await visitor.consent()).ask, true);
            await visitor.chose('dismiss');
            const { ask, purposes } = await visitor.consent();
            assert.deepEqual({ ask, purposes }, { ask: false, purposes: { analytics: false, journeys: false, marketing: false } });
            assert.deepEqual((await server.dump('visitors')).filter((row) => row.granted), []);
        });
    });

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
                if (!change.texts?.gsw) (await agreed.choose('grant', { notice: receipt.notice })).error(409);
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
            assert.deepEqual((await visitor.consent()).purposes, { analytics: true, marketing: true }, 'what changed is not answered');
        });
    });
});
