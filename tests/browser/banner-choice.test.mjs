// A choice and its effect, signals, laws, the page's interface, and everything that can go wrong: each has one outcome,
// and none of them collects anything.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { PLACES, eventually } from './banner-service.mjs';
import { STRICT, startBrowser, stopBrowser, visit, withBrowser } from './banner.mjs';

before(startBrowser);
after(stopBrowser);

const HELD = '<h1>Shop</h1><script type="text/plain" data-category="analytics" data-src="/ran.js?n=a"></script>';
const ALL = { analytics: true, journeys: true, marketing: true };
const NONE = { analytics: false, journeys: false, marketing: false };
const isRun = [() => window.ran?.length];
const separate = ({ journeys, marketing }) => {
    for (const purpose of [journeys, marketing]) purpose.separate = true;
};

function gate() {
    let open;
    const hold = new Promise((done) => (open = done));
    return { hold, open };
}

// Nothing ran, nothing was downloaded, nothing is allowed.
async function assertOff({ ran, state, shop }) {
    assert.deepEqual(await ran(), []);
    assert.deepEqual(Object.values((await state()).purposes).filter(Boolean), []);
    assert.ok(!shop.requests.some((path) => path.startsWith('/ran.js')));
}

describe('a choice', () => {
    it('closes the question at once, and has its effect when the service has answered', () =>
        visit({ body: HELD }, async (all) => {
            const { press, banner, service, waitFor, state } = all;
            const { hold, open } = gate();
            service.fault = { hold };
            await press('Accept');
            await banner.waitFor({ state: 'detached' });
            await assertOff(all);
            open();
            await waitFor(...isRun);
            assert.deepEqual((await state()).purposes, ALL);
        }));

    it('says what it was, where and on which notice', () =>
        visit({}, async ({ press, pressIn, tick, untick, control, service, said }) => {
            const done = () => said.filter({ hasText: 'saved' }).waitFor();
            await press('Choose');
            await tick('Measuring visits');
            await pressIn('Save my choice');
            await done();
            await control.click();
            await pressIn('Save my choice');
            await done();
            await control.click();
            await pressIn('Accept');
            await done();
            await control.click();
            await untick('Measuring visits');
            await untick('Ways through the site');
            await untick('Advertising');
            await pressIn('Save my choice');
            await done();
            await control.click();
            await pressIn('Reject');
            await done();
            assert.deepEqual(await service.actions(), ['custom dialog', 'renew dialog', 'grant dialog', 'withdraw dialog', 'deny dialog']);
            for (const { site, lang, notice } of await service.records()) assert.deepEqual([site, lang, notice.length], ['shop', 'en', 64]);
        }));

    it('to withdraw is off before the service has heard of it', () =>
        visit({}, async ({ press, pressIn, control, service, state, said }) => {
            await press('Accept');
            await control.click();
            const { hold, open } = gate();
            service.fault = { hold };
            await pressIn('Withdraw my consent');
            assert.deepEqual((await state()).purposes, NONE);
            open();
            await said.filter({ hasText: 'saved' }).waitFor();
            assert.equal((await state()).action, 'withdraw');
        }));

    it('to accept does not cover what has to be asked by itself: a step each', () =>
        visit({ service: { edit: separate } }, async ({ press, pressIn, front, service, control, state }) => {
            await press('Accept');
            await front.getByRole('heading', { name: 'One more question' }).waitFor();
            await front.getByRole('heading', { name: 'Ways through the site' }).waitFor();
            assert.deepEqual(await service.records(), []);
            await pressIn('Allow');
            await front.getByText('Flour & Flyers Ltd').waitFor();
            await pressIn('Refuse');
            await control.waitFor();
            assert.deepEqual(await service.actions(), ['grant banner']);
            assert.deepEqual((await state()).purposes, { analytics: true, journeys: true, marketing: false });
        }));

    it('is not made by leaving such a step', () =>
        visit({ service: { edit: separate } }, async ({ press, pressIn, front, service, banner }) => {
            await press('Accept');
            await pressIn('Back');
            await front.waitFor({ state: 'detached' });
            assert.ok(await banner.isVisible());
            assert.deepEqual(await service.records(), []);
        }));

    it('that is known is not asked for again, and counts as shown once a question', () =>
        visit({}, async ({ press, go, control, banner, service }) => {
            await banner.waitFor();
            await go('/two');
            await press('Reject');
            await control.waitFor();
            await go('/three');
            await control.waitFor();
            assert.equal(await banner.count(), 0);
            assert.deepEqual(await service.shown(), { en: 2 });
        }));
});

// Everything that the notice says, as texts.
const wordsOf = (value) => (typeof value == 'string' ? [value] : Object.values(value ?? {}).flatMap(wordsOf));

// What is on the screen, layer by layer, without the page.
const read = (layer) =>
    layer.evaluate((top) => {
        const walk = document.createTreeWalker(top, NodeFilter.SHOW_TEXT);
        const texts = [];
        while (walk.nextNode()) texts.push(walk.currentNode.data);
        return texts;
    });

describe('the proof of a choice', () => {
    // Words of the browser's own: countries and periods.
    const named = { en: /United Kingdom|United States|Germany|days|months/g, de: /Vereinigtes Königreich|Vereinigte Staaten|Deutschland|Tage|Monate/g };
    for (const lang of ['en', 'de'])
        it(`names exactly the notice that was on the screen: ${lang}`, () =>
            visit({ lang }, async ({ banner, front, service, control }) => {
                await banner.waitFor();
                const seen = await read(banner);
                await banner.locator('.acts button').nth(2).click();
                await front.waitFor();
                seen.push(...(await read(front)));
                await front.locator('.acts button').first().click();
                await control.waitFor();
                const [{ id }] = await service.records();
                const { record, notice, chain } = await service.proof(id);
                assert.deepEqual([record.action, record.surface, record.lang, record.purposes], ['grant', 'dialog', lang, ALL]);
                assert.equal(chain.holds, true);
                const stored = await service.crumb.get(`/v1/notice/${record.notice}`);
                assert.equal(createHash('sha256').update(stored.body).digest('hex'), record.notice);
                assert.deepEqual(notice, stored.json());
                // Nothing was on the screen that the notice does not say ...
                const said = wordsOf(notice).filter(Boolean).sort((a, b) => b.length - a.length);
                const rest = (text) => said.reduce((left, words) => left.replaceAll(words, ''), text.replace(named[lang], ''));
                assert.deepEqual(seen.filter((text) => /\p{L}/u.test(rest(text).replace(/ (and|und) /, ''))), []);
                // ... and what it says of the purposes was there.
                const all = seen.join('\n');
                const told = [notice.purposes.map(({ title, description }) => [title, description]), notice.controller, notice.storage.location,
                    notice.purposes.flatMap(({ recipients }) => recipients.map(({ name, why }) => [name, why])), notice.texts.title, notice.texts.body];
                assert.deepEqual(wordsOf(told).filter((words) => !all.includes(words)), []);
            }));

    it('counts what relied on it, which ends with a withdrawal', () =>
        visit({}, async ({ press, pressIn, control, service, page, context, shop, said }) => {
            // Only what this test sends is counted.
            await context.route('**/pixel.js*', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
            await press('Accept');
            await control.waitFor();
            const beacon = () => context.request.get(`${shop.crumb}/p.gif?aid=shop&e=pv`, { headers: { referer: page.url() } });
            await beacon();
            const [{ id }] = await service.records();
            assert.equal((await service.proof(id)).events.n, 1);
            await control.click();
            await pressIn('Withdraw my consent');
            await said.filter({ hasText: 'saved' }).waitFor();
            await beacon();
            await eventually('erasure', async () => (await service.collected()).events === 0);
            assert.deepEqual((await service.collected()).visitors, []);
        }));
});

describe('a notice that changed', () => {
    const onlyMarketing = (all) => { delete all.analytics; delete all.journeys; };
    const added = (all) => { all.video = { collects: ['log'] }; };
    const fewer = (all) => { delete all.marketing; };

    it('by a purpose more asks again, and what was granted stays granted', () =>
        visit({ body: HELD }, async ({ press, change, go, waitFor, banner, state, front }) => {
            await press('Accept');
            await waitFor(...isRun);
            await change({ edit: added });
            await go('/next');
            await banner.waitFor();
            await waitFor(...isRun);
            assert.deepEqual((await state()).purposes, ALL, 'the new one is not refused, it is not answered');
            await press('Choose');
            const ticked = await front.getByRole('checkbox').evaluateAll((boxes) => boxes.map(({ checked }) => checked));
            assert.deepEqual(ticked, [true, true, true, false]);
        }));

    it('a purpose that the cookie does not know is asked for, the others stay', () =>
        visit({ body: HELD, path: '/first' }, async ({ service, go, waitFor, banner, state, page, context, at, press }) => {
            await press('Accept');
            await waitFor(...isRun);
            const [choice] = (await context.cookies()).filter(({ name }) => name == 'crumb_choice');
            await context.addCookies([{ ...choice, value: choice.value.replace('&marketing=1', '') }]);
            await go('/next');
            await banner.waitFor();
            await waitFor(...isRun);
            assert.deepEqual((await state()).purposes, { analytics: true, journeys: true });
            assert.ok(page && at && service);
        }));

    it('in its meaning asks a browser without an id again, and nothing is on meanwhile', () =>
        visit({ service: { edit: onlyMarketing }, body: HELD.replace('analytics', 'marketing') }, async (all) => {
            const { press, control, change, go, banner } = all;
            await press('Accept');
            await control.waitFor();
            await change({ edit: (all) => { onlyMarketing(all); all.marketing.recipients = []; } });
            all.shop.requests.length = 0;
            await go('/next');
            await banner.waitFor();
            await assertOff(all);
        }));

    it('while it was read asks again with the new one, says so, and nothing was recorded', () =>
        visit({ body: HELD }, async (all) => {
            const { press, banner, service, page, focused, waitFor } = all;
            await banner.waitFor();
            await service.change({ edit: fewer });
            await press('Accept');
            await banner.getByText('This notice has changed').waitFor();
            assert.ok(!(await banner.innerText()).includes('Advertising'));
            assert.equal(await focused(), 't');
            assert.deepEqual(await service.records(), []);
            await assertOff(all);
            all.problems.length = 0; // the browser's line about the 409
            await press('Accept');
            await waitFor(...isRun);
            const [{ purposes, notice }, ...more] = await service.records();
            assert.deepEqual([purposes, more], [{ analytics: true, journeys: true }, []]);
            const { text } = await service.crumb.get(`/v1/notice/${notice}`);
            assert.ok(!text.includes('marketing'), 'the record names the notice that was read');
            assert.ok(page);
        }));

    it('while its choices are open asks again, and what was ticked is not recorded', () =>
        visit({ body: HELD, expected: [/409/] }, async (all) => {
            const { press, pressIn, tick, banner, front, service } = all;
            await press('Choose');
            await tick('Measuring visits');
            await service.change({ edit: ({ analytics }) => { analytics.recipients = ['partner']; } });
            await pressIn('Save my choice');
            await banner.getByText('This notice has changed').waitFor();
            assert.equal(await front.count(), 0);
            await assertOff(all);
            assert.deepEqual(await service.records(), []);
            await press('Choose');
            const measuring = front.getByRole('listitem').filter({ hasText: 'Measuring visits' });
            assert.match(await measuring.innerText(), /Ad Partner Inc/);
            assert.equal(await measuring.getByRole('checkbox').isChecked(), false);
        }));

    it('can still be said no to without reading it', () =>
        visit({}, async ({ press, service, control, pressIn, said, state }) => {
            await press('Accept');
            await control.click();
            await service.change({ edit: fewer });
            await pressIn('Withdraw my consent');
            await said.filter({ hasText: 'saved' }).waitFor();
            assert.deepEqual(Object.values((await state()).purposes).filter(Boolean), []);
        }));
});

describe('faults', () => {
    const broken = {
        'an error': { status: 500 },
        'a service that cannot store now': { status: 503 },
        'a refusal': { status: 403 },
        'a broken request': { status: 400 },
        'a connection that ends': { cut: true },
        'an answer that is lost': { lose: true },
    };
    const network = [/Failed to load resource/];

    for (const [name, fault] of Object.entries(broken))
        it(`${name}: everything stays off, the page says so, and one can try again`, () =>
            visit({ body: HELD, expected: network }, async (all) => {
                const { press, banner, service, said, control, pressIn, waitFor, choice, cookieNames } = all;
                await banner.waitFor();
                service.fault = fault;
                await press('Accept');
                await said.filter({ hasText: 'could not be saved' }).waitFor();
                await assertOff(all);
                assert.deepEqual([await choice(), await cookieNames()], [undefined, []]);
                const kinds = new Set(await service.actions()); // browsers send again what was cut off without an answer
                assert.deepEqual([...kinds], fault.lose ? ['grant banner', 'withdraw banner'] : []); // what may have arrived is taken back
                service.fault = null;
                await control.click();
                await pressIn('Accept');
                await waitFor(...isRun);
            }));

    it('no answer at all: off while it is waited for, and off after', () =>
        visit({ body: HELD, expected: network, init: () => { const { setTimeout } = window; window.setTimeout = (act, ms, ...more) => setTimeout(act, ms == 10_000 ? 500 : ms, ...more); } }, async (all) => {
            const { press, banner, service, said } = all;
            await banner.waitFor();
            const { hold, open } = gate();
            service.fault = { hold };
            await press('Accept');
            await banner.waitFor({ state: 'detached' });
            await assertOff(all);
            await said.filter({ hasText: 'could not be saved' }).waitFor();
            await assertOff(all);
            open();
        }));

    it('a withdrawal that cannot be saved is in force, on this page and the next, which sends it again', () =>
        visit({ body: HELD, expected: network }, async (all) => {
            const { press, control, service, pressIn, said, go, waitFor, state, ran, shop } = all;
            await press('Accept');
            await waitFor(...isRun);
            await control.click();
            service.fault = { cut: true };
            await pressIn('Withdraw my consent');
            await said.filter({ hasText: 'could not be saved' }).waitFor();
            assert.equal((await state()).known, false);
            shop.requests.length = 0;
            service.fault = null;
            await go('/next');
            await control.waitFor();
            assert.deepEqual(await ran(), []);
            await assertOff(all);
            assert.deepEqual([(await state()).action, (await service.actions()).at(-1)], ['withdraw', 'withdraw dialog']);
        }));

    it('the script blocked by an extension: the page works, and nothing held back runs', () =>
        visit({ body: HELD, before: ({ context }) => context.route('**/consent.js*', (route) => route.abort()), expected: network }, async ({ ran, page, shop }) => {
            await page.getByRole('heading', { name: 'Shop' }).waitFor();
            assert.deepEqual(await ran(), []);
            assert.ok(!shop.requests.some((path) => path.startsWith('/ran.js')));
        }));

    it('its requests blocked by an extension: off', () =>
        visit({ body: HELD, before: ({ context }) => context.route('**/v1/**', (route) => route.abort()), expected: network }, async (all) => {
            await all.press('Accept');
            await all.said.filter({ hasText: 'could not be saved' }).waitFor();
            await assertOff(all);
        }));

    it('cookies disabled: nobody is asked what could not be kept, and nothing is on', () =>
        visit({ body: HELD, init: () => Object.defineProperty(Navigator.prototype, 'cookieEnabled', { get: () => false }) }, async (all) => {
            await all.control.waitFor();
            assert.equal(await all.banner.count(), 0);
            assert.deepEqual(await all.service.shown(), {});
            await assertOff(all);
        }));

    it('cookies that the browser does not keep: a choice has no effect, and the page says so', () =>
        visit({ body: HELD }, async (all) => {
            all.service.setCookies = false;
            await all.press('Accept');
            await all.said.filter({ hasText: 'could not be saved' }).waitFor();
            await assertOff(all);
        }));

    it('a service of another site (third party): its cookies are not kept, so everything is off', () =>
        visit({ body: HELD, host: 'shop.test', crumbHost: 'other.test' }, async (all) => {
            await all.press('Accept');
            await all.said.filter({ hasText: 'could not be saved' }).waitFor();
            await assertOff(all);
        }));

    it('a page that may not have cookies or storage at all (sandboxed): off, the page says so, and works on', () =>
        visit({ body: HELD, policy: (crumb) => `sandbox allow-scripts; script-src * 'unsafe-inline'; connect-src ${crumb}`, expected: [/sandbox|CORS|Failed to load/] }, async (all) => {
            for (const answer of ['Accept', 'Reject']) {
                await all.go();
                await all.press(answer);
                await all.said.filter({ hasText: 'could not be saved' }).waitFor();
                assert.deepEqual(await all.ran(), []);
                await all.control.click();
                await all.pressIn('Accept');
                await all.said.filter({ hasText: 'could not be saved' }).waitFor();
                assert.deepEqual(await all.ran(), []);
            }
        }));

    for (const value of ['', '1', '2.0123456789abcdef.1.grant.analytics=1', '1.0123.1.grant.analytics=1', '1.0123456789abcdef.x.grant.analytics=1', '1.0123456789abcdef.1.grant.analytics=2', '1.0123456789abcdef.1.grant.analytics'])
        it(`a cookie of another form is not known: "${value}"`, () =>
            visit({ body: HELD, before: ({ context, at }) => context.addCookies([{ name: 'crumb_choice', value, url: `${at}/` }]) }, async (all) => {
                await all.banner.waitFor();
                await assertOff(all);
            }));

    it('the service does not answer while the browser cannot say: nothing is asked, nothing is on', () =>
        visit({ body: HELD, host: 'shop.test', crumbHost: 'c.shop.test', before: ({ service }) => { service.fault = { cut: true }; }, expected: network }, async (all) => {
            await all.control.waitFor();
            assert.equal(await all.banner.count(), 0);
            await assertOff(all);
        }));
});

describe('tabs and times', () => {
    const open = async ({ context, at, helpers }) => {
        const page = await context.newPage();
        await page.goto(`${at}/`);
        return helpers(page, context);
    };
    const show = (page) => page.evaluate(() => dispatchEvent(new Event('focus')));

    it('a choice made in one tab is in force in the other when that is looked at', () =>
        visit({ body: HELD }, async (all) => {
            await all.banner.waitFor();
            const second = await open(all);
            await second.press('Accept');
            await second.waitFor(...isRun);
            await show(all.page);
            await all.banner.waitFor({ state: 'detached' });
            await all.waitFor(...isRun);
            await second.control.click();
            await second.pressIn('Withdraw my consent');
            await second.said.filter({ hasText: 'saved' }).waitFor();
            await show(all.page);
            await all.waitFor(() => !window.crumb.consent().purposes.analytics);
            assert.equal((await all.service.records()).length, 2, 'looking is no choice');
        }));

    it('a page that comes into view between the cookie and the answer keeps its notice of what is implied', () =>
        visit({ service: { regime: 'opt_out' }, before: ({ context }) => context.route('**/v1/consent', async (route) => {
            const answer = await route.fetch();
            await new Promise((done) => setTimeout(done, 300));
            await route.fulfill({ response: answer });
        }) }, async (all) => {
            await all.banner.waitFor();
            for (let i = 0; i < 8; i++) {
                await show(all.page);
                await all.page.waitForTimeout(50);
            }
            await all.waitFor(() => window.crumb.consent().known);
            assert.ok(await all.banner.isVisible());
            assert.deepEqual(await all.service.actions(), ['implied banner']);
        }));

    it('two tabs that choose at once end with one choice', () =>
        visit({ body: HELD }, async (all) => {
            await all.banner.waitFor();
            const second = await open(all);
            await second.banner.waitFor();
            await Promise.all([all.press('Accept'), second.press('Reject')]);
            await Promise.all([all.control.waitFor(), second.control.waitFor()]);
            await all.page.waitForTimeout(100);
            await show(all.page);
            await show(second.page);
            const same = async () => JSON.stringify((await all.state()).purposes) == JSON.stringify((await second.state()).purposes);
            for (let i = 0; i < 50 && !(await same()); i++) await all.page.waitForTimeout(50);
            assert.ok(await same());
            const kept = (await all.choice()).endsWith('analytics=1&journeys=1&marketing=1');
            assert.equal((await all.state()).purposes.analytics, kept, 'the cookie is what counts');
            assert.deepEqual(await all.cookieNames(), kept ? ['crumb_choice', 'crumb_id'] : ['crumb_choice']);
            assert.deepEqual((await all.service.actions()).sort(), ['deny banner', 'grant banner']);
        }));

    for (const [answer, expected] of [['Reject', NONE], ['Accept', ALL]])
        it(`a page out of the back-forward cache has the choice of now: ${answer}`, () =>
            visit({ body: HELD, policy: null }, ({ at, helpers }) =>
                withBrowser({ without: ['--disable-back-forward-cache'] }, async (browser) => {
                    const context = await browser.newContext();
                    const page = await context.newPage();
                    await page.goto(`${at}/`);
                    const { banner, press, control, state, ran } = helpers(page, context);
                    await banner.waitFor();
                    await page.evaluate(() => {
                        window.same = true;
                        addEventListener('pageshow', ({ persisted }) => (window.persisted = persisted));
                    });
                    await page.goto(`${at}/next`);
                    await press(answer);
                    await control.waitFor();
                    await page.goBack({ waitUntil: 'commit' });
                    await page.waitForFunction(() => window.persisted);
                    assert.equal(await page.evaluate(() => window.same), true, 'it is the page of before');
                    await control.waitFor();
                    await page.waitForFunction(() => window.crumb.consent().known);
                    assert.deepEqual([(await state()).purposes, await banner.count()], [expected, 0]);
                    if (answer == 'Accept') await page.waitForFunction(() => window.ran?.length);
                    else assert.deepEqual(await ran(), []);
                    await context.close();
                })));
});

describe('hosts', () => {
    it('a service under the shop’s domain with a cookie for all of it: one request', () =>
        visit({ body: HELD, host: 'www.shop.test', crumbHost: 'c.shop.test', service: { domain: 'shop.test' } }, async ({ banner, service, press, waitFor, go }) => {
            await banner.waitFor();
            assert.ok(!service.asked.includes('GET /v1/consent'));
            await press('Accept');
            await waitFor(...isRun);
            await go('/next');
            await waitFor(...isRun);
            assert.ok(!service.asked.includes('GET /v1/consent'));
        }));

    it('with a cookie of its own host: asked once when one comes back to the page, whatever the browser says of it', () =>
        visit({ body: HELD, host: 'shop.test', crumbHost: 'c.shop.test', expected: [/Failed to load/] }, async ({ service, press, page, control, front, said, tick }) => {
            service.fault = { status: 503 };
            await press('Accept');
            await said.filter({ hasText: 'could not be saved' }).waitFor();
            service.fault = null;
            await control.click();
            await tick('Advertising');
            service.asked.length = 0;
            await page.evaluate(() => { for (const name of ['visibilitychange', 'focus', 'pageshow']) dispatchEvent(new Event(name)); });
            await page.waitForTimeout(400);
            assert.deepEqual(service.asked.filter((line) => line.startsWith('GET')), ['GET /v1/consent']);
            assert.equal(await front.getByRole('checkbox', { name: 'Advertising' }).isChecked(), true, 'what is open stays');
        }));

    it('with a cookie of its own host, which the page cannot read: the service is asked', () =>
        visit({ body: HELD, host: 'shop.test', crumbHost: 'c.shop.test' }, async ({ service, press, waitFor, go, control, banner, state, page }) => {
            await press('Accept');
            await waitFor(...isRun);
            await go('/next');
            await waitFor(...isRun);
            await control.waitFor();
            assert.equal(await banner.count(), 0);
            assert.deepEqual((await state()).purposes, ALL);
            assert.equal(await page.evaluate(() => document.cookie), '');
            assert.ok(service.asked.includes('GET /v1/consent'));
        }));
});

describe('the browser’s privacy signal', () => {
    it('is recorded once, applied and shown, and nobody is asked', () =>
        visit({ body: HELD, gpc: true }, async (all) => {
            const { said, control, service, banner, go, front, state } = all;
            await said.filter({ hasText: 'privacy signal is honoured' }).waitFor();
            await control.click();
            await front.getByText('privacy signal is honoured').waitFor();
            await go('/next');
            await control.waitFor();
            assert.equal(await banner.count(), 0);
            assert.deepEqual(await service.actions(), ['gpc banner']);
            assert.equal((await state()).gpc, true);
            const [{ gpc, purposes }] = await service.records();
            assert.deepEqual([gpc, purposes], [true, NONE]);
            assert.deepEqual((await service.collected()).visitors, []);
            await assertOff(all);
        }));

    it('yields to a choice that was made after it', () =>
        visit({ body: HELD, gpc: true }, async ({ control, pressIn, waitFor, go, service, state }) => {
            await control.click();
            await pressIn('Accept');
            await waitFor(...isRun);
            await go('/next');
            await waitFor(...isRun);
            assert.deepEqual(await service.actions(), ['gpc banner', 'grant dialog']);
            assert.equal((await state()).action, 'grant');
        }));

    it('wins over a choice that was made before it', () =>
        visit({ body: HELD }, async (all) => {
            await all.press('Accept');
            await all.waitFor(...isRun);
            await all.context.addInitScript(() => Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true }));
            await all.context.setExtraHTTPHeaders({ 'Sec-GPC': '1' });
            all.shop.requests.length = 0;
            await all.go('/next');
            await all.said.filter({ hasText: 'privacy signal is honoured' }).waitFor();
            assert.deepEqual(await all.service.actions(), ['grant banner', 'gpc banner']);
            assert.deepEqual((await all.service.collected()).visitors, []);
            await assertOff(all);
        }));

    it('stays off where it cannot be recorded', () =>
        visit({ body: HELD, gpc: true, before: ({ service }) => { service.fault = { status: 500 }; }, expected: [/Failed to load/] }, async (all) => {
            await all.control.waitFor();
            await assertOff(all);
            assert.equal(await all.banner.count(), 0);
        }));
});

describe('laws', () => {
    const regimes = { default: 'opt_in', US: 'notice_only', 'US-CA': 'opt_out' };
    for (const [where, country, regime] of [['US-CA', 'US', 'opt_out'], ['US', 'US', 'notice_only'], ['DE', 'DE', 'opt_in'], ['AU', 'AU', 'opt_in']])
        it(`are those of where the visitor is: ${where}, ${regime}`, () =>
            visit({ body: HELD, service: { regimes, from: PLACES[where] } }, async (all) => {
                const { banner, page, service, press, control } = all;
                await banner.waitFor();
                assert.equal((await all.state()).regime, regime);
                if (regime == 'opt_in') {
                    await assertOff(all);
                    await press('Accept');
                    await control.waitFor();
                } else await page.waitForFunction(() => window.crumb.consent().known);
                const [record] = await service.records();
                assert.deepEqual([record.action, record.country, record.regime], [regime == 'opt_in' ? 'grant' : 'implied', country, regime]);
            }));

    it('opt_out: a no that another tab says first is not undone by the silence of this one', () => {
        const denyFirst = ({ context, shop }) =>
            context.route('**/v1/consent', async (route) => {
                const { hash } = await (await context.request.get(`${shop.crumb}/v1/notice?site=shop&lang=en`)).json();
                await context.request.post(`${shop.crumb}/v1/consent`, { data: { site: 'shop', notice: hash, lang: 'en', surface: 'api', action: 'deny' } });
                await route.continue();
            });
        return visit({ body: HELD, service: { regime: 'opt_out' }, before: denyFirst }, async (all) => {
            await all.control.waitFor();
            assert.equal(await all.banner.count(), 0);
            assert.equal((await all.state()).action, 'deny');
            assert.match(await all.choice(), /\.deny\./);
            assert.deepEqual(await all.service.actions(), ['deny api']);
            await assertOff(all);
        });
    });

    it('opt_out: silence is a yes that is recorded as implied, with a notice that says so and a no beside it', () =>
        visit({ body: HELD, service: { regime: 'opt_out' } }, async ({ page, banner, waitFor, service, press, control, state, go }) => {
            await banner.getByText('You can say no').waitFor();
            await waitFor(...isRun);
            assert.deepEqual(await service.actions(), ['implied banner']);
            await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow')));
            await page.waitForTimeout(100);
            assert.ok(await banner.isVisible(), 'it stays until it is read');
            await press('Reject');
            await control.waitFor();
            assert.deepEqual((await state()).purposes, NONE);
            await go('/next');
            await control.waitFor();
            assert.deepEqual(await service.actions(), ['implied banner', 'deny banner']);
        }));

    it('opt_out: no silence covers a purpose that has to be asked by itself', () =>
        visit({ service: { regime: 'opt_out', edit: separate } }, async ({ service, page, state }) => {
            await page.waitForFunction(() => window.crumb?.consent().known);
            assert.deepEqual((await state()).purposes, { analytics: true, journeys: false, marketing: false });
            assert.equal((await service.actions()).length, 1);
        }));

    it('opt_out: the privacy signal is the no', () =>
        visit({ body: HELD, gpc: true, service: { regime: 'opt_out' } }, async (all) => {
            await all.said.filter({ hasText: 'honoured' }).waitFor();
            assert.deepEqual(await all.service.actions(), ['gpc banner']);
            await assertOff(all);
        }));

    it('opt_out: an implied yes yields to a signal that comes later', () =>
        visit({ body: HELD, service: { regime: 'opt_out' } }, async ({ waitFor, context, go, said, service, state }) => {
            await waitFor(...isRun);
            await context.addInitScript(() => Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true }));
            await go('/next');
            await said.filter({ hasText: 'honoured' }).waitFor();
            assert.deepEqual(await service.actions(), ['implied banner', 'gpc banner']);
            assert.deepEqual((await state()).purposes, NONE);
        }));

    it('that ask put an end to what silence allowed elsewhere, or before', () =>
        visit({ body: HELD, service: { regimes: { default: 'opt_in', 'US-CA': 'opt_out' }, from: PLACES['US-CA'] } }, async (all) => {
            await all.waitFor(...isRun);
            all.service.from = PLACES.DE;
            await all.change({});
            await all.go('/next');
            await all.banner.waitFor();
            assert.equal((await all.state()).regime, 'opt_in');
            assert.deepEqual([(await all.state()).purposes, await all.ran()], [{}, []]);
            await all.context.request.get(`${all.shop.crumb}/p.gif?aid=shop&e=pv`, { headers: { referer: all.page.url() } });
            assert.equal((await all.service.collected()).events, 0);
            await all.press('Accept');
            await all.waitFor(...isRun);
            assert.deepEqual(await all.service.actions(), ['implied banner', 'grant banner']);
        }));

    it('notice_only: says what is done, can be put away, and still lets one say no', () =>
        visit({ body: HELD, service: { regime: 'notice_only' } }, async ({ banner, press, control, waitFor, service, pressIn, said, state }) => {
            await banner.getByText('We use data about your visit for').waitFor();
            await waitFor(...isRun);
            await press('OK');
            await control.click();
            await pressIn('Withdraw my consent');
            await said.filter({ hasText: 'saved' }).waitFor();
            assert.deepEqual(await service.actions(), ['implied banner', 'withdraw dialog']);
            assert.deepEqual((await state()).purposes, NONE);
        }));

    it('where nothing is recorded, nothing is implied', () =>
        visit({ body: HELD, service: { regime: 'opt_out' }, before: ({ service }) => { service.fault = { status: 503 }; }, expected: [/Failed to load/] }, async (all) => {
            await all.banner.waitFor();
            await all.page.waitForTimeout(300);
            await assertOff(all);
        }));
});

describe('minors', () => {
    const tags = { 'the script’s tag': { tag: 'data-audience="minor"' }, 'the page': { htmlAttributes: 'data-audience="minor"' } };
    for (const [name, options] of Object.entries(tags))
        it(`said by ${name}: nothing is asked, recorded once, and there is nothing to switch on`, () =>
            visit({ body: HELD, ...options }, async (all) => {
                const { control, banner, service, go, front } = all;
                await control.waitFor();
                await go('/next');
                await control.click();
                await front.getByText('young visitors').waitFor();
                assert.equal(await front.getByRole('checkbox').count(), 0);
                assert.deepEqual(await front.getByRole('button').allInnerTexts(), ['Close']);
                assert.equal(await banner.count(), 0);
                assert.deepEqual(await service.actions(), ['minor banner']);
                await assertOff(all);
            }));

    it('of a service on another host: recorded once, however many pages', () =>
        visit({ body: HELD, host: 'shop.test', crumbHost: 'c.shop.test', tag: 'data-audience="minor"' }, async (all) => {
            await all.control.waitFor();
            for (const path of ['/2', '/3']) {
                await all.go(path);
                await all.control.waitFor();
                assert.equal((await all.state()).action, 'minor');
            }
            assert.deepEqual(await all.service.actions(), ['minor banner']);
        }));

    it('said by crumb.minor() in every page’s first task: recorded once', () => {
        const init = "{ let c; Object.defineProperty(window, 'crumb', { configurable: true, get: () => c, set(made) { c = made; Promise.resolve().then(() => c.minor()); } }); }";
        return visit({ body: HELD, init }, async (all) => {
            await all.control.waitFor();
            for (const path of ['/2', '/3']) {
                await all.go(path);
                await all.control.waitFor();
                assert.equal(await all.page.evaluate(() => window.crumb.minor().then(({ action }) => action)), 'minor');
            }
            assert.deepEqual(await all.service.actions(), ['minor api']);
            assert.equal(await all.banner.count(), 0);
        });
    });

    it('are not asked again when the notice changes', () =>
        visit({ body: HELD }, async (all) => {
            await all.banner.waitFor();
            await all.page.evaluate(() => window.crumb.minor());
            await all.change({ edit: (purposes) => { purposes.video = { collects: ['log'] }; } });
            for (const path of ['/2', '/3']) {
                await all.go(path);
                await all.control.waitFor();
                assert.equal(await all.banner.count(), 0);
                assert.equal((await all.state()).minor, true);
            }
            assert.deepEqual(await all.service.actions(), ['minor api', 'minor banner']);
        }));

    it('said by crumb.minor(): what was on goes off', () =>
        visit({ body: HELD }, async ({ press, waitFor, page, service, state, go, control, banner }) => {
            await press('Accept');
            await waitFor(...isRun);
            const now = await page.evaluate(() => window.crumb.minor());
            assert.deepEqual([now.minor, now.purposes], [true, NONE]);
            await go('/next');
            await control.waitFor();
            assert.equal(await banner.count(), 0);
            assert.equal((await state()).minor, true);
            await page.evaluate(() => window.crumb.set({ analytics: true }));
            assert.deepEqual(await service.actions(), ['grant banner', 'minor api', 'minor api']);
            assert.deepEqual((await service.records()).at(-1).purposes, NONE);
            assert.deepEqual([(await state()).purposes, (await service.collected()).visitors], [NONE, []]);
        }));
});

describe('window.crumb', () => {
    const listen = () => {
        window.told = [];
        for (const name of ['crumb:ready', 'crumb:change'])
            addEventListener(name, ({ type, detail }) => window.told.push([type, detail.known, detail.action]));
    };

    it('says what is in force, and when that changes', () =>
        visit({ init: listen }, async ({ page, press, control, state }) => {
            await page.waitForFunction(() => window.crumb);
            assert.deepEqual(await state(), { known: false, action: '', purposes: {}, regime: 'opt_in', gpc: false, minor: false });
            await press('Reject');
            await control.waitFor();
            assert.deepEqual(await page.evaluate(() => window.told), [['crumb:ready', false, ''], ['crumb:change', true, 'deny']]);
        }));

    it('on() calls back, at once for what has been, and can be ended', () =>
        visit({}, async ({ page, banner }) => {
            await banner.waitFor();
            const heard = await page.evaluate(async () => {
                const names = [];
                window.crumb.on('ready', () => names.push('ready'));
                const end = window.crumb.on('change', ({ purposes }) => names.push(purposes.analytics));
                await window.crumb.set({ analytics: true });
                end();
                await window.crumb.set({ analytics: false });
                return names;
            });
            assert.deepEqual(heard, ['ready', true]);
        }));

    it('set() records a choice of the page’s own controls, and leaves what it does not name', () =>
        visit({}, async ({ page, banner, service, context }) => {
            await banner.waitFor();
            const first = await page.evaluate(() => window.crumb.set({ analytics: true }));
            assert.deepEqual(first.purposes, { analytics: true, journeys: false, marketing: false });
            const second = await page.evaluate(() => window.crumb.set({ marketing: true }));
            assert.deepEqual(second.purposes, { analytics: true, journeys: false, marketing: true });
            assert.deepEqual(await service.actions(), ['custom api', 'custom api']);
            assert.equal(await banner.count(), 0);
            assert.ok(context);
        }));

    it('show() opens the choices', () =>
        visit({}, async ({ page, banner, front }) => {
            await banner.waitFor();
            await page.evaluate(() => window.crumb.show());
            await front.waitFor();
        }));

    it('track() waits, for so many events, and sends nothing', () =>
        visit({}, async ({ page, banner, service }) => {
            await banner.waitFor();
            const [length, first] = await page.evaluate(() => {
                for (let i = 0; i < 200; i++) window.crumb.track('bought', { i });
                return [window.crumb.queue.length, window.crumb.queue[0]];
            });
            assert.deepEqual([length, first], [100, ['bought', { i: 0 }, { se_va: '', x_cur: '' }]]);
            assert.ok(!service.asked.some((line) => line.includes('/p')));
        }));

    it('what the page told before the choice is dropped with it', () =>
        visit({}, async ({ page, banner, press, waitFor }) => {
            await banner.waitFor();
            await page.evaluate(() => window.crumb.track('view', { path: '/first' }));
            await press('Accept');
            await waitFor(() => !(window.crumb.queue instanceof Array));
            assert.equal(await page.evaluate(() => window.crumb.queue.length), 0);
        }));

    it('the tracker is loaded when a purpose that needs it is granted, and not before', () =>
        visit({}, async ({ page, press, pressIn, tick, control, service, waitFor }) => {
            const loaded = () => service.asked.filter((line) => /(pixel|clicks).js/.test(line));
            await press('Choose');
            await tick('Advertising');
            await pressIn('Save my choice');
            await control.waitFor();
            assert.deepEqual(loaded(), []);
            await page.evaluate(() => window.crumb.set({ analytics: true }));
            await waitFor(() => !(window.crumb.queue instanceof Array));
            assert.deepEqual(loaded(), ['GET /pixel.js']);
            await page.evaluate(() => window.crumb.set({ journeys: true }));
            await page.evaluate(() => window.crumb.set({ analytics: false }));
            await page.evaluate(() => window.crumb.set({ analytics: true }));
            await eventually('the part for clicks', () => loaded().length == 2);
            assert.deepEqual(loaded(), ['GET /pixel.js', 'GET /clicks.js']);
        }));
});

describe('Google Consent Mode v2', () => {
    const layer = (page) => page.evaluate(() => window.dataLayer.map((entry) => [...entry]));
    const denied = { ad_storage: 'denied', ad_user_data: 'denied', ad_personalization: 'denied', analytics_storage: 'denied' };

    it('default before anything, with all four signals; update after the choice', () =>
        visit({}, async ({ page, press, pressIn, tick, control, banner }) => {
            await banner.waitFor();
            assert.deepEqual(await layer(page), [['consent', 'default', { ...denied, wait_for_update: 500 }]]);
            await press('Choose');
            await tick('Measuring visits');
            await pressIn('Save my choice');
            await control.waitFor();
            assert.deepEqual((await layer(page)).at(-1), ['consent', 'update', { ...denied, analytics_storage: 'granted' }]);
            await page.evaluate(() => window.crumb.set({ analytics: false, marketing: true }));
            const ads = { ad_storage: 'granted', ad_user_data: 'granted', ad_personalization: 'granted' };
            assert.deepEqual((await layer(page)).at(-1), ['consent', 'update', { ...denied, ...ads }]);
        }));

    it('all is denied again, and the listed cookies go, when the choice is there no more', () =>
        visit({}, async ({ page, press, control, banner, context, cookieNames }) => {
            await press('Accept');
            await control.waitFor();
            assert.equal((await layer(page)).at(-1)[2].ad_storage, 'granted');
            await context.clearCookies();
            await page.evaluate(() => { document.cookie = '_ga=1'; dispatchEvent(new Event('focus')); });
            await banner.waitFor();
            assert.deepEqual((await layer(page)).at(-1), ['consent', 'update', denied]);
            assert.deepEqual(await cookieNames(), []);
        }));

    it('a page whose dataLayer is no list keeps it, and has the banner', () =>
        visit({ policy: null, head: '<script>window.dataLayer = {};</script>' }, async ({ page, press, control }) => {
            await press('Accept');
            await control.waitFor();
            assert.deepEqual(await page.evaluate(() => window.dataLayer), {});
        }));

    it('a tag that is held back finds the update before it runs, on the next page too', () => {
        const tag = '<script type="text/plain" data-category="analytics" nonce="shop">window.found = dataLayer.map((entry) => entry[1]).join()</script>';
        return visit({ body: `<h1>S</h1>${tag}` }, async ({ page, press, waitFor, go }) => {
            await press('Accept');
            await waitFor(() => window.found);
            assert.equal(await page.evaluate(() => window.found), 'default,update');
            await go('/next');
            await waitFor(() => window.found);
            assert.equal(await page.evaluate(() => window.found), 'default,update');
        });
    });

    it('is left alone where no purpose has a mode', () =>
        visit({ service: { edit: (all) => { for (const purpose of Object.values(all)) purpose.consent_mode = []; } } }, async ({ page, press, control }) => {
            await press('Accept');
            await control.waitFor();
            assert.equal(await page.evaluate(() => typeof window.dataLayer), 'undefined');
        }));
});

describe('where and how it is loaded', () => {
    const ways = {
        'in the head': {},
        'in the head, async': { tag: 'async' },
        'in the head, deferred': { tag: 'defer' },
        'at the end of the body': { at: 'body' },
        'before there is a body': { at: 'head', head: '<meta name="x">' },
        'with a <base>': { head: '<base href="/elsewhere/">' },
        'twice': { tags: 2 },
    };
    for (const [name, options] of Object.entries(ways))
        it(name, () =>
            visit({ body: HELD.replace('src="/', 'src="../'), ...options }, async ({ press, banner, waitFor, service, ran }) => {
                await banner.waitFor();
                assert.equal(await banner.count(), 1);
                await press('Accept');
                await waitFor(...isRun);
                assert.deepEqual(await service.shown(), { en: 1 });
                assert.deepEqual(await service.actions(), ['grant banner']);
                assert.deepEqual(await ran(), ['a']);
            }));

    it('beside an element with the id crumb', () =>
        visit({ body: '<h1 id="crumb">S</h1>', at: 'body' }, ({ banner }) => banner.waitFor()));

    it('in a page that throws its body away', () =>
        visit({}, async ({ page, banner, press, control }) => {
            await banner.waitFor();
            await page.evaluate(() => document.body.replaceWith(document.createElement('body')));
            assert.ok(await banner.isVisible());
            await page.evaluate(() => document.querySelector('html > div').remove());
            await banner.waitFor();
            await press('Reject');
            await control.waitFor();
        }));

    it('under a strict policy with Trusted Types', () =>
        visit({ policy: (crumb) => STRICT(crumb).replace('trusted-types crumb', "trusted-types 'none'") }, async ({ press, pressIn, control, page }) => {
            await press('Choose');
            await pressIn('Reject');
            await control.click();
            await pressIn('Close');
            assert.ok(page);
        }));
});
