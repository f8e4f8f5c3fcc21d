// What order things happen in: a no is never lost, a yes never revokes another, and a choice names the notice that was
// read. Slow answers are held by the proxy; what is said behind them is said while they are.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { eventually } from './banner-service.mjs';
import { startBrowser, stopBrowser, visit } from './banner.mjs';

before(startBrowser);
after(stopBrowser);

const HELD = '<h1>Shop</h1><a href="#" data-crumb="show">privacy</a><script type="text/plain" data-category="analytics" data-src="/ran.js?n=a"></script>';
const OTHER_HOST = { host: 'shop.test', crumbHost: 'c.shop.test' };
const NONE = { analytics: false, journeys: false, marketing: false };
const network = [/Failed to load resource|CORS/];
const isRun = [() => window.ran?.length];
const frame = (category) => `<iframe title="F" width="480" height="270" data-category="${category}" data-src="/frame.html"></iframe>`;

function gate() {
    let open;
    const hold = new Promise((done) => (open = done));
    return { hold, open };
}

// The address by which a page reaches window.crumb in the script's own task.
const atOnce = (call) => `{ let crumb; Object.defineProperty(window, 'crumb', { configurable: true, get: () => crumb, set(made) { crumb = made; Promise.resolve().then(() => ${call}); } }); }`;

const granted = async ({ state }) => Object.entries((await state()).purposes).filter(([, yes]) => yes).map(([name]) => name);
const beacon = ({ shop, page }) => page.evaluate((url) => fetch(url, { credentials: 'include', mode: 'no-cors' }).then(() => {}), `${shop.crumb}/p.gif?aid=shop&e=pv`);
const focus = (page) => page.evaluate(() => dispatchEvent(new Event('focus')));

describe('a no', () => {
    for (const [where, options] of Object.entries({ 'the same host': {}, 'another host': OTHER_HOST }))
        it(`is not lost behind the slow record of what is implied, when the page is left: ${where}`, () => {
            const { hold, open } = gate();
            return visit({ body: HELD, ...options, service: { regime: 'opt_out' }, before: ({ service }) => { service.fault = { hold, only: 'implied' }; }, expected: network }, async (all) => {
                const { press, service, go, page, control, ran } = all;
                await eventually('implied', () => service.held);
                await press('Reject');
                await eventually('the refusal', async () => (await service.actions()).includes('deny banner'));
                await page.evaluate(() => { location.href = '/next'; });
                service.fault = null;
                open(); // the service hears of what is implied after the no
                await page.waitForURL('**/next');
                await control.waitFor();
                await go('/third');
                await control.waitFor();
                assert.deepEqual([await granted(all), await ran()], [[], []]);
                await beacon(all);
                assert.equal((await service.collected()).events, 0);
            });
        });

    it('is the last word where the service hears it before the yes that it takes back', () => {
        const { hold, open } = gate();
        return visit({ body: HELD, service: { regime: 'opt_out' }, before: ({ service }) => { service.fault = { hold, only: 'implied' }; } }, async (all) => {
            const { press, service, control, state, ran, page, cookieNames } = all;
            await eventually('implied', () => service.held);
            await press('Reject');
            await eventually('the refusal', async () => (await service.actions()).includes('deny banner'));
            open();
            await control.waitFor();
            await eventually('what was implied', async () => (await service.actions()).at(-1) == 'implied banner');
            await focus(page);
            await page.waitForTimeout(200);
            assert.deepEqual([(await state()).purposes, await ran(), await cookieNames()], [NONE, [], ['crumb_choice']]);
            await beacon(all);
            assert.equal((await service.collected()).events, 0);
        });
    });

    it('after a slow Accept wins, and nothing runs in between', () => {
        const { hold, open } = gate();
        return visit({ body: HELD }, async (all) => {
            const { press, pressIn, page, service, said, state, ran, cookieNames } = all;
            service.fault = { hold, only: 'grant' };
            await press('Accept');
            await eventually('the grant', () => service.held);
            await page.getByText('privacy').click();
            await pressIn('Reject');
            open();
            await said.filter({ hasText: 'saved' }).waitFor();
            await eventually('the grant', async () => (await service.actions()).length == 2);
            await focus(page);
            await page.waitForTimeout(200);
            assert.deepEqual([(await state()).purposes, await ran(), await cookieNames()], [NONE, [], ['crumb_choice']]);
        });
    });

    for (const [name, act, kept] of [
        ['a withdrawal', ({ pressIn }) => pressIn('Withdraw my consent'), []],
        ['a choice of less', async ({ pressIn, untick }) => { await untick('Measuring visits'); await pressIn('Save my choice'); }, ['journeys', 'marketing']],
    ])
        it(`is not undone by what was asked before it and answered after: ${name}`, () => {
            const { hold, open } = gate();
            return visit({ body: HELD, ...OTHER_HOST }, async (all) => {
                const { press, control, page, service, said, waitFor } = all;
                await press('Accept');
                await waitFor(...isRun);
                await control.click();
                // Asked as by a browser that comes back, and answered before the choice arrives, but later.
                service.fault = { late: hold, of: 'GET /v1/consent' };
                await focus(page);
                await eventually('the question', () => service.held);
                service.fault = null;
                await page.evaluate(() => { window.heard = []; addEventListener('crumb:change', ({ detail }) => window.heard.push(detail.purposes.analytics)); });
                await act(all);
                await eventually('the choice', async () => (await service.actions()).length == 2);
                open();
                await said.filter({ hasText: 'saved' }).waitFor();
                assert.deepEqual(await granted(all), kept);
                assert.ok((await page.evaluate(() => window.heard)).every((analytics) => analytics === false));
            });
        });

    it('that turns the notice away before what is implied is answered leaves it in force', () => {
        const { hold, open } = gate();
        return visit({ body: HELD, service: { regime: 'opt_out' }, before: ({ service }) => { service.fault = { hold, only: 'implied' }; } }, async (all) => {
            const { banner, page, service, control, state, waitFor, cookieNames } = all;
            await eventually('implied', () => service.held);
            await banner.getByRole('button').first().focus();
            await page.keyboard.press('Escape');
            open();
            await control.waitFor();
            await waitFor(...isRun);
            await eventually('dismiss', async () => (await service.actions()).includes('dismiss banner'));
            assert.equal((await state()).action, 'implied');
            assert.deepEqual(await cookieNames(), ['crumb_choice', 'crumb_id']);
        });
    });
});

describe('a withdrawal that could not be saved', () => {
    for (const [where, options] of Object.entries({ 'the same host': {}, 'another host': OTHER_HOST }))
        it(`is in force, and is sent again before anything else, on this page and the next: ${where}`, () =>
            visit({ body: HELD, ...options, expected: network }, async (all) => {
                const { press, pressIn, control, waitFor, said, service, page, go, ran, banner, state } = all;
                await press('Accept');
                await waitFor(...isRun);
                await control.click();
                service.fault = { status: 503 };
                await pressIn('Withdraw my consent');
                await said.filter({ hasText: 'could not be saved' }).waitFor();
                await focus(page);
                await page.waitForTimeout(200);
                assert.deepEqual(await granted(all), []);
                await go('/next');
                await control.waitFor();
                assert.deepEqual([await granted(all), await ran()], [[], []]);
                service.fault = null;
                await focus(page);
                await eventually('the withdrawal', async () => (await service.actions()).includes('withdraw dialog'));
                await waitFor(() => window.crumb.consent().action == 'withdraw');
                await go('/third');
                await control.waitFor();
                assert.deepEqual([await granted(all), await ran(), await banner.count()], [[], [], 0]);
                assert.equal((await state()).known, true);
                assert.deepEqual(await service.actions(), ['grant banner', 'withdraw dialog']);
                await beacon(all);
                await eventually('erasure', async () => (await service.collected()).events === 0);
                assert.deepEqual((await service.collected()).visitors, []);
                assert.equal(await page.evaluate(() => localStorage.length), 0);
            }));

    it('does not stand in the way of a yes that comes after it', () =>
        visit({ body: HELD, ...OTHER_HOST, expected: network }, async (all) => {
            const { press, pressIn, control, waitFor, said, service, page, go } = all;
            await press('Accept');
            await waitFor(...isRun);
            await control.click();
            service.fault = { status: 503 };
            await pressIn('Withdraw my consent');
            await said.filter({ hasText: 'could not be saved' }).waitFor();
            service.fault = null;
            await control.click();
            await pressIn('Accept');
            await said.filter({ hasText: 'is saved' }).waitFor();
            assert.equal((await granted(all)).length, 3);
            await focus(page);
            await go('/next');
            await waitFor(...isRun);
            assert.deepEqual(await service.actions(), ['grant banner', 'grant dialog']);
        }));

    it('in part: what stays away is all, until it is asked again', () =>
        visit({ body: HELD, ...OTHER_HOST, expected: network }, async (all) => {
            const { press, pressIn, control, waitFor, said, service, page, untick } = all;
            await press('Accept');
            await waitFor(...isRun);
            await control.click();
            await untick('Advertising');
            service.fault = { status: 503 };
            await pressIn('Save my choice');
            await said.filter({ hasText: 'could not be saved' }).waitFor();
            service.fault = null;
            await focus(page);
            await waitFor(() => window.crumb.consent().known);
            assert.deepEqual(await granted(all), []);
        }));
});

describe('choices that build on each other', () => {
    const set = (page, ...all) => page.evaluate((each) => Promise.all(each.map((purposes) => window.crumb.set(purposes))), all);

    it('crumb.set() twice in a row: both', () =>
        visit({ body: HELD }, async (all) => {
            await all.banner.waitFor();
            await set(all.page, { analytics: true }, { marketing: true });
            assert.deepEqual(await granted(all), ['analytics', 'marketing']);
        }));

    it('crumb.set() before the choice of before is known adds to it', () =>
        visit({ body: HELD, init: `if (location.pathname == '/next') ${atOnce('crumb.set({ marketing: true })')}` }, async (all) => {
            await all.banner.waitFor();
            await set(all.page, { analytics: true });
            await all.go('/next');
            await all.waitFor(() => window.crumb.consent().purposes.marketing);
            assert.deepEqual(await granted(all), ['analytics', 'marketing']);
        }));

    it('crumb.set() in the script’s own task asks nobody', () =>
        visit({ body: HELD, init: atOnce('crumb.set({ analytics: true })') }, async (all) => {
            await all.waitFor(...isRun);
            await all.control.waitFor();
            await all.page.waitForTimeout(200);
            assert.equal(await all.banner.count(), 0);
            assert.deepEqual(await all.service.actions(), ['custom api']);
            assert.deepEqual(await all.service.shown(), {});
        }));

    it('two stand-ins that are pressed one after the other: both frames', () => {
        const { hold, open } = gate();
        return visit({ body: frame('marketing') + frame('analytics') }, async (all) => {
            const { page, service, banner } = all;
            const allow = (name) => page.getByRole('region', { name }).getByRole('button', { name: 'Allow and show' }).click();
            await banner.waitFor();
            service.fault = { hold };
            await allow('Advertising');
            await allow('Measuring visits');
            open();
            await page.waitForFunction(() => window.crumb.consent().purposes.analytics);
            assert.deepEqual(await granted(all), ['analytics', 'marketing']);
        });
    });
});

describe('the notice that a choice names', () => {
    const late = (wait) => ({ context }) => context.route('**/v1/notice*', async (route) => { await wait; await route.continue(); });

    it('is the one that was read, while the page’s language is on its way', () => {
        const { hold, open } = gate();
        return visit({ body: HELD, lang: 'de', before: late(hold) }, async ({ page, front, service, control }) => {
            await page.waitForFunction(() => window.crumb);
            await page.getByText('privacy').click();
            await page.getByText('privacy').click();
            open();
            await front.waitFor();
            const accept = front.locator('.acts button').first();
            const lang = await front.evaluate((dialog) => dialog.closest('[lang]').lang);
            assert.equal(await front.count(), 1);
            await accept.click();
            await control.waitFor();
            const [record] = await service.records();
            const { hash } = JSON.parse((await service.crumb.get(`/v1/notice?site=shop&lang=${lang}`)).text);
            assert.deepEqual([record.lang, record.notice], [lang, hash]);
        });
    });

    it('what was ticked stays when the question comes behind it', () => {
        const { hold, open } = gate();
        return visit({ body: HELD, ...OTHER_HOST, before: ({ service }) => { service.fault = { hold }; } }, async ({ page, front, tick, banner, pressIn, state, control }) => {
            await page.waitForFunction(() => window.crumb);
            await page.getByText('privacy').click();
            await tick('Advertising');
            open();
            await banner.waitFor();
            assert.equal(await front.getByRole('checkbox', { name: 'Advertising' }).isChecked(), true);
            await pressIn('Save my choice');
            await control.waitFor();
            assert.deepEqual((await state()).purposes, { ...NONE, marketing: true });
        });
    });

    it('is shown before silence is taken for a yes to it', () => {
        let done;
        return visit({
            body: HELD, service: { regime: 'opt_out' }, expected: [/409/],
            before: ({ context, service }) => context.route('**/v1/consent', async (route) => {
                if (!done) {
                    done = true;
                    await service.change({ edit: (all) => { all.video = { collects: ['log'], recipients: ['partner'] }; } });
                }
                await route.continue();
            }),
        }, async ({ page, banner, service }) => {
            await page.waitForFunction(() => window.crumb.consent().known);
            assert.match(await banner.innerText(), /video/);
            const [record, ...more] = await service.records();
            assert.deepEqual([record.action, Object.keys(record.purposes).length, more], ['implied', 4, []]);
            await eventually('the count of the notice on record', async () =>
                (await service.crumb.dump('consents')).some(({ shown, notice }) => shown && record.notice.startsWith(notice.slice(0, 16))));
        });
    });

    it('that changed while it was read is counted as shown when it is', () =>
        visit({ body: HELD, expected: [/409/] }, async ({ banner, service, press }) => {
            await banner.waitFor();
            await eventually('the count', async () => (await service.shown()).en == 1);
            await service.change({ edit: (all) => { delete all.marketing; } });
            await press('Accept');
            await banner.getByText('This notice has changed').waitFor();
            await eventually('the count', async () => (await service.shown()).en == 2);
        }));
});

describe('a yes of which nobody knows whether it arrived', () => {
    it('is taken back', () =>
        visit({ body: HELD, expected: network }, async (all) => {
            const { press, said, service } = all;
            await all.context.route('**/v1/consent', async (route) => {
                if (!route.request().postData()?.includes('grant')) return route.continue();
                await route.fetch(); // the service records it, and its answer does not get here
                return route.fulfill({ status: 201, contentType: 'application/json', body: '{"receipt":' });
            });
            await press('Accept');
            await said.filter({ hasText: 'could not be saved' }).waitFor();
            await eventually('the withdrawal', async () => (await service.actions()).at(-1) == 'withdraw banner');
            assert.deepEqual([await granted(all), (await service.collected()).visitors], [[], []]);
        }));

    it('a clock that is a year slow: Accept is in force, here and on the next page', () =>
        visit({ body: HELD, init: () => { const { now } = Date; Date.now = () => now() - 365 * 86400e3; } }, async (all) => {
            await all.press('Accept');
            await all.waitFor(...isRun);
            await all.go('/next');
            await all.waitFor(...isRun);
            assert.equal(await all.banner.count(), 0);
            assert.deepEqual(await all.service.actions(), ['grant banner']);
        }));
});
