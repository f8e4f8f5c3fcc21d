// Receipts: to the browser that made the choice and nobody else, in the shapes of two standards.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { site, start, withServer } from './server.mjs';

const ORIGIN = 'https://shop.example';
const shop = () =>
    site({
        name: 'Example Shop',
        storage: { country: 'DE', location: 'Frankfurt' },
        recipients: { partner: { name: 'Ad Partner', country: 'US', why: 'ads' } },
        purposes: { ...site().purposes, marketing: { collects: [], recipients: ['partner'] } },
    });

describe('a receipt', { timeout: 60_000 }, () => {
    let server;
    before(async () => {
        server = await start({ sites: { shop: shop(), other: site({ origins: ['https://other.example'] }) } });
    });
    after(() => server.end());

    const receiptOf = (visitor, { id }, format = '', headers) =>
        visitor.ask('GET', `/v1/receipt/${id}${format && `?format=${format}`}`, { headers });

    it('of a grant is shown to its visitor, and to nobody else', async () => {
        const visitor = server.visitor();
        const made = await visitor.chose('grant');
        const answer = await receiptOf(visitor, made);
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.headers['cache-control'], 'no-store');
        const receipt = answer.json();
        assert.deepEqual(receipt.crumb.record, made);
        assert.equal(receipt.receipt_id, made.id);
        assert.equal(receipt.pii_principal_id, visitor.id);
        const stranger = server.visitor();
        (await receiptOf(stranger, made)).error(403);
        await stranger.chose('grant');
        (await receiptOf(stranger, made)).error(403);
        for (const value of ['rubbish', `1.${'A'.repeat(43)}`]) {
            stranger.cookies.set('crumb_id', value);
            (await receiptOf(stranger, made)).error(403);
        }
        const elsewhere = server.visitor({ site: 'other' });
        await elsewhere.chose('grant');
        (await receiptOf(elsewhere, made)).error(403);
    });

    it('of a refusal needs no cookie, as nobody is to be recognised by one', async () => {
        const made = await server.visitor().chose('deny');
        const receipt = (await receiptOf(server.visitor(), made)).json();
        assert.equal(receipt.pii_principal_id, 'anonymous');
        assert.deepEqual(receipt.consent_record.event.map(({ event_state }) => event_state), ['refused', 'refused', 'refused']);
    });

    it('names the notice as it was shown, at an address that gives exactly that', async () => {
        const visitor = server.visitor();
        const receipt = (await receiptOf(visitor, await visitor.chose('grant'))).json();
        const { privacy_notice, notice_hash, purposes } = receipt.consent_record.pii_processing;
        const { host, pathname } = new URL(privacy_notice);
        assert.equal(host, `127.0.0.1:${server.public}`);
        const notice = await server.get(pathname);
        assert.equal(notice.status, 200);
        assert.equal(pathname, `/v1/notice/${notice_hash}`);
        assert.deepEqual(purposes.map(({ purpose }) => purpose), notice.json().purposes.map(({ title }) => title));
        assert.equal(new URL(purposes[0].withdrawal_method).pathname, '/privacy');
        assert.equal((await server.get(new URL(purposes[0].withdrawal_method).pathname + '?site=shop')).status, 200);
    });

    it('keeps saying what was shown then, whatever is configured since', async () => {
        await withServer({ sites: { shop: shop() } }, async (own) => {
            const visitor = own.visitor();
            const made = await visitor.chose('grant');
            await own.reload({ sites: { shop: { ...shop(), controller: { name: 'Buyer Inc', contact: 'x@buyer.example' } } } });
            const receipt = (await receiptOf(visitor, made)).json();
            assert.equal(receipt.consent_record.party_identification[0].party_name, 'Example Shop');
        });
    });

    it('has the shape of Kantara 1.1 when that is asked for', async () => {
        const visitor = server.visitor();
        const made = await visitor.chose('custom', { purposes: { analytics: true, journeys: false, marketing: true } });
        const receipt = (await receiptOf(visitor, made, 'kantara')).json();
        assert.equal(receipt.version, 'KI-CR-v1.1.0');
        assert.equal(receipt.consentReceiptID, made.id);
        assert.equal(receipt.consentTimestamp, Math.floor(Date.parse(made.time) / 1000));
        assert.equal(receipt.piiPrincipalId, visitor.id);
        assert.equal(receipt.jurisdiction, 'DE');
        assert.deepEqual(receipt.services[0].purposes.map(({ consentType }) => consentType), ['EXPLICIT', 'refused', 'EXPLICIT']);
        assert.equal(receipt.services[0].purposes[2].thirdPartyName, 'Ad Partner (US)');
        const { key } = (await server.get('/v1/ledger/head')).json();
        assert.equal(receipt.publicKey, key);
    });

    it('may be read by pages of its site only', async () => {
        const visitor = server.visitor();
        const made = await visitor.chose('grant');
        const own = await receiptOf(visitor, made, '', { origin: ORIGIN });
        assert.equal(own.status, 200);
        assert.equal(own.headers['access-control-allow-origin'], ORIGIN);
        for (const origin of ['https://other.example', 'https://evil.example', 'null']) {
            const foreign = await receiptOf(visitor, made, '', { origin });
            foreign.error(403);
            assert.equal(foreign.headers['access-control-allow-origin'], undefined);
        }
    });

    it('repeats no Host that is none', async () => {
        const visitor = server.visitor();
        const made = await visitor.chose('grant');
        const receipt = (await receiptOf(visitor, made, '', { host: 'evil"><script>' })).json();
        assert.match(receipt.consent_record.pii_processing.privacy_notice, /^\/v1\/notice\/[0-9a-f]{64}$/);
    });

    it('of an id that is none or of nothing is refused', async () => {
        (await server.get(`/v1/receipt/${'0'.repeat(32)}`)).error(404);
        for (const id of ['0', '0'.repeat(31), '0'.repeat(33), 'g'.repeat(32), '..%2f'])
            (await server.get(`/v1/receipt/${id}`)).error(400);
        (await server.get(`/v1/receipt/${'0'.repeat(32)}?format=pdf`)).error(400);
    });
});
