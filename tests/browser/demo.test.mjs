// The demo shop, as its visitors see it: nothing before a choice, what the choice covers after it, nothing after it was
// taken back, and a notice that everybody can use.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { request } from '../http/client.mjs';
import { eventually, newRecipient, startBrowser, stopBrowser, visit } from './demo.mjs';

const PAGES = ['/', '/loaf.html', '/bun.html', '/galette.html', '/basket.html?basket=loaf.2',
    '/checkout.html?basket=bun.1'];
const DOWN = /net::ERR_/;

before(startBrowser);
after(stopBrowser);

// What a script could have left on the device.
const kept = (page) =>
    page.evaluate(async () => ({
        local: localStorage.length,
        session: sessionStorage.length,
        databases: (await indexedDB.databases()).length,
        caches: (await caches.keys()).length,
        cookies: document.cookie,
    }));
const NOTHING_KEPT = { local: 0, session: 0, databases: 0, caches: 0, cookies: '' };

describe('before a choice', { timeout: 300_000 }, () => {
    it('no cookie is set, nothing is kept and nothing is sent, wherever one goes', () =>
        visit(async ({ crumb, page, go, notice, state, cookies, asked, beacons }) => {
            for (const path of PAGES) {
                await go(path);
                await notice.waitFor();
                await state('Nothing was sent: you have not chosen yet.');
            }
            await go('/loaf.html');
            await page.getByRole('button', { name: 'Add to basket' }).click();
            await page.getByText('1 in your basket').waitFor();
            assert.deepEqual(await kept(page), NOTHING_KEPT);
            assert.deepEqual(await cookies(), []);
            assert.deepEqual([...new Set(asked())].sort(), ['GET /v1/consent', 'GET /v1/notice']);
            assert.deepEqual(beacons(), []);
            await go('/');
            assert.equal(await crumb.received(), 0);
        }));

    it('without JavaScript the shop can be read and crumb is not asked for anything', () =>
        visit(async ({ page, asked, state }) => {
            await state('Nothing was sent.');
            await page.getByRole('link', { name: 'Country loaf' }).click();
            await page.getByRole('heading', { name: 'Country loaf' }).waitFor();
            assert.ok(await page.getByRole('button', { name: 'Add to basket' }).isDisabled());
            assert.deepEqual(asked(), []);
        }, { javaScriptEnabled: false }));

    it('the notice says what crumb says: texts, purposes, recipients, who is responsible', () =>
        visit(async ({ page, at, notice, button }) => {
            const { notice: told } = await (await fetch(`${at}/v1/notice?site=shop&lang=en`)).json();
            await notice.getByText('Who is responsible').click();
            await button(told.texts.choose).click();
            const text = await notice.innerText();
            for (const part of [told.texts.title, told.texts.body, told.controller.name, told.controller.contact])
                assert.ok(text.includes(part), part);
            for (const { title, description, recipients } of told.purposes)
                for (const part of [title, description, ...recipients.flatMap(({ name, why }) => [name, why])])
                    assert.ok(text.includes(part), part);
            assert.equal(await notice.getAttribute('lang'), told.lang);
            assert.equal(await page.getByRole('dialog', { name: told.texts.title }).count(), 1);
        }));
});

describe('a choice', { timeout: 300_000 }, () => {
    it('to reject gives no identifier, sends nothing and is not asked for again', () =>
        visit(async ({ crumb, page, go, notice, button, said, state, cookies, beacons, asked }) => {
            await button('Reject').click();
            await notice.waitFor({ state: 'detached' });
            await said('Your choice is saved.');
            assert.deepEqual(await cookies(), ['crumb_choice']);
            for (const path of PAGES) {
                await go(path);
                await state('Nothing was sent: you do not allow it.');
            }
            await page.getByRole('button', { name: 'Order' }).click();
            assert.equal(await notice.count(), 0);
            assert.deepEqual(beacons(), []);
            assert.deepEqual(asked().filter((request) => request.startsWith('POST')), ['POST /v1/consent']);
            await go('/');
            assert.equal(await crumb.received(), 0);
            assert.deepEqual(await crumb.actions(), ['deny banner']);
        }));

    it('to accept stores the page view, the click and the time that the page was seen', () =>
        visit(async ({ crumb, page, go, button, answered, state, cookies }) => {
            await button('Accept').click();
            await answered('page view: received=1, stored=1');
            await state('You allow: Measuring visits, Ways through the site, Advertising.');
            assert.deepEqual(await cookies(), ['crumb_choice', 'crumb_id']);
            assert.deepEqual({ ...(await kept(page)), cookies: '' }, NOTHING_KEPT);
            assert.doesNotMatch((await kept(page)).cookies, /crumb_id/);
            assert.equal(await crumb.count('pageviews'), 1);
            assert.equal(await crumb.count('visitors'), 1);

            await page.getByRole('button', { name: 'Add to basket' }).click();
            await answered('click: received=1, stored=1');
            await go('/bun.html');
            await answered('page view: received=1, stored=1');
            await eventually('the time arriving', async () => (await crumb.stored()).includes('pp'));
            const journal = await crumb.dump('journal');
            const [view, click] = journal;
            const time = journal.find(({ event }) => event === 'pp');
            assert.deepEqual((await crumb.stored()).sort(), ['pp', 'pv', 'pv', 'se']);
            assert.equal(view.log.path, '/loaf.html');
            assert.equal(view.log.title, 'Country loaf: Crumb & Co');
            assert.deepEqual([view.device.viewport_width, view.device.viewport_height], ['1280', '800']);
            assert.equal(click.clickpath.action, 'add-to-basket');
            assert.ok(time.log.path === '/loaf.html' && Number(time.log.dwell_ms) > 0, JSON.stringify(time));
            assert.deepEqual(await crumb.actions(), ['grant banner']);
        }, { path: '/loaf.html' }));

    it('of one purpose covers that one only, on the page and in crumb', () =>
        visit(async ({ crumb, page, at, notice, button, answered, state, cookies, beacons }) => {
            await button('Choose').click();
            for (const box of await notice.getByRole('checkbox').all()) assert.equal(await box.isChecked(), false);
            await notice.getByLabel('Measuring visits').check();
            await button('Save my choice').click();
            await answered('page view: received=1, stored=1');
            await state('You allow: Measuring visits.');
            await page.getByRole('button', { name: 'Add to basket' }).click();
            await answered('click: not sent, as you do not allow it');
            assert.equal(beacons().length, 1);
            assert.deepEqual(await cookies(), ['crumb_choice', 'crumb_id']);

            // A page that sends it all the same gets it refused.
            const result = await page.evaluate(async (address) => {
                const answer = await fetch(address, { credentials: 'include' });
                return answer.headers.get('Crumb-Result');
            }, `${at}/p.gif?aid=shop&e=se&se_ca=click&se_ac=forged`);
            assert.equal(result, 'received=1, no_consent=1');
            assert.deepEqual(await crumb.stored(), ['pv']);
            assert.deepEqual(await crumb.actions(), ['custom banner']);
        }, { path: '/loaf.html' }));

    it('of no purpose at all is a refusal', () =>
        visit(async ({ crumb, button, said, cookies, beacons }) => {
            await button('Choose').click();
            await button('Save my choice').click();
            await said('Your choice is saved.');
            assert.deepEqual(await cookies(), ['crumb_choice']);
            assert.deepEqual(beacons(), []);
            assert.deepEqual(await crumb.actions(), ['custom banner']);
        }));

    it('is shown when the notice is opened again, and withdrawing it ends everything', () =>
        visit(async ({ crumb, page, go, notice, choices, button, answered, said, state, cookies, beacons }) => {
            await button('Choose').click();
            await notice.getByLabel('Measuring visits').check();
            await notice.getByLabel('Ways through the site').check();
            await button('Save my choice').click();
            await answered('page view: received=1, stored=1');
            await choices.click();
            const boxes = await notice.getByRole('checkbox').all();
            assert.deepEqual(await Promise.all(boxes.map((box) => box.isChecked())), [true, true, false]);
            await button('Withdraw my consent').click();
            await said('Your choice is saved.');
            await state('Nothing more is sent: you do not allow it.');
            assert.deepEqual(await cookies(), ['crumb_choice']);
            const before = beacons().length;
            const received = await crumb.received();
            await page.getByRole('button', { name: 'Add to basket' }).click();
            await go('/bun.html');
            await state('Nothing was sent: you do not allow it.');
            assert.equal(beacons().length, before);
            assert.equal(await crumb.received(), received);
            assert.deepEqual(await crumb.actions(), ['custom banner', 'withdraw dialog']);
            await choices.click();
            await notice.waitFor();
            assert.equal(await button('Withdraw my consent').count(), 0, 'there is nothing left to withdraw');
        }, { path: '/loaf.html' }));

    it('can be changed: a refusal is turned into a yes without a new page', () =>
        visit(async ({ crumb, page, choices, button, said, answered }) => {
            await button('Reject').click();
            await said('Your choice is saved.');
            await choices.click();
            await button('Accept').click();
            await answered('page view: received=1, stored=1');
            assert.deepEqual(await crumb.actions(), ['deny banner', 'grant dialog']);
            await page.reload();
            await answered('page view: received=1, stored=1');
        }));

    it('taken back on one page holds on the page before it', () =>
        visit(async ({ crumb, page, go, choices, button, answered, said, state }) => {
            await button('Accept').click();
            await answered('page view: received=1, stored=1');
            await go('/loaf.html');
            await answered('page view: received=1, stored=1');
            await choices.click();
            await button('Withdraw my consent').click();
            await said('Your choice is saved.');
            await page.goBack();
            await state('Nothing was sent: you do not allow it.');
            assert.equal((await crumb.stored()).filter((event) => event === 'pv').length, 2);
        }));

    it('holds under the name localhost, too', () =>
        visit(async ({ crumb, button, answered, cookies }) => {
            await button('Accept').click();
            await answered('page view: received=1, stored=1');
            assert.deepEqual(await cookies(), ['crumb_choice', 'crumb_id']);
            assert.equal(await crumb.count('pageviews'), 1);
        }, { host: 'localhost' }));
});

describe('unsure means no', { timeout: 300_000 }, () => {
    it('when the notice has changed while it was open: the new one is shown', () =>
        visit(async ({ crumb, page, notice, button, answered, cookies, beacons, expect }) => {
            expect(/status of 409/);
            await notice.waitFor();
            await crumb.restartWith(newRecipient);
            await button('Accept').click();
            await notice.getByText('The notice has changed since you opened it. Please choose again.').waitFor();
            assert.deepEqual(await cookies(), []);
            assert.deepEqual(beacons(), []);
            await button('Choose').click();
            assert.match(await notice.getByRole('listitem').first().innerText(), /Flour & Flyers/);
            await button('Accept').click();
            await answered('page view: received=1, stored=1');
            assert.deepEqual(await crumb.actions(), ['grant banner']);
            assert.equal(await page.getByRole('dialog').count(), 0);
        }));

    it('but a withdrawal needs no reading: it is taken under the new notice', () =>
        visit(async ({ crumb, notice, choices, button, answered, said, cookies, expect }) => {
            expect(/status of 409/);
            await button('Accept').click();
            await answered('page view: received=1, stored=1');
            await choices.click();
            await notice.waitFor();
            await crumb.restartWith(newRecipient);
            await button('Withdraw my consent').click();
            await said('Your choice is saved.');
            assert.equal(await notice.count(), 0);
            assert.deepEqual(await cookies(), ['crumb_choice']);
            assert.deepEqual(await crumb.actions(), ['grant banner', 'withdraw dialog']);
        }));

    it('when a choice was made under what was material then: it is asked for again', () =>
        visit(async ({ crumb, page, button, notice, answered, state }) => {
            await button('Accept').click();
            await answered('page view: received=1, stored=1');
            await crumb.restartWith(newRecipient);
            await page.reload();
            await notice.waitFor();
            await state('Nothing was sent: you have not chosen yet.');
            assert.equal(await crumb.count('pageviews'), 1);
        }));

    it('when crumb is down: the shop works, nothing is on, and the page says so', () =>
        visit(async ({ crumb, page, go, notice, choices, said, state, cookies, beacons, expect }) => {
            expect(DOWN);
            await crumb.stop();
            await go('/loaf.html');
            await state('Nothing was sent: crumb does not answer, and unsure means no.');
            await page.getByRole('button', { name: 'Add to basket' }).click();
            await page.getByText('1 in your basket').waitFor();
            await choices.click();
            await said('Your choices cannot be opened now, and nothing is measured.');
            assert.equal(await notice.count(), 0);
            assert.deepEqual([await cookies(), beacons()], [[], []]);
            await crumb.launch();
        }));

    it('when a choice cannot be saved: it has no effect until it is', () =>
        visit(async ({ crumb, notice, choices, button, said, state, answered, cookies, beacons, expect }) => {
            expect(DOWN);
            await notice.waitFor();
            await crumb.stop();
            await button('Accept').click();
            assert.equal(await notice.count(), 0, 'the notice closes at once');
            await said('Your choice could not be saved, so nothing is measured.');
            await state('Nothing was sent: your choice could not be saved.');
            assert.deepEqual([await cookies(), beacons()], [[], []]);
            await crumb.launch();
            await choices.click();
            await button('Accept').click();
            await answered('page view: received=1, stored=1');
        }));

    it('when a withdrawal cannot be saved: the page sends nothing more, even when crumb is back', () =>
        visit(async ({ crumb, page, choices, button, notice, said, answered, beacons, expect }) => {
            expect(DOWN);
            await button('Accept').click();
            await answered('page view: received=1, stored=1');
            await choices.click();
            await notice.waitFor();
            await crumb.stop();
            await button('Withdraw my consent').click();
            await said('Your withdrawal could not be saved. This page sends nothing more');
            await crumb.launch();
            await choices.click();
            await notice.waitFor();
            await page.keyboard.press('Escape');
            await page.getByRole('button', { name: 'Add to basket' }).click();
            assert.equal(beacons().length, 1);
            await choices.click();
            await button('Withdraw my consent').click();
            await said('Your choice is saved.');
            assert.deepEqual(await crumb.actions(), ['grant banner', 'withdraw dialog']);
        }, { path: '/loaf.html' }));

    it('when the answer takes its time: the effect waits for it', () =>
        visit(async ({ page, at, notice, button, answered, state, beacons }) => {
            let release;
            const held = new Promise((give) => (release = give));
            await page.route(`${at}/v1/consent`, async (route) => {
                await held;
                await route.continue();
            });
            await button('Accept').click();
            await notice.waitFor({ state: 'detached' });
            await state('Nothing was sent: your choice is being saved.');
            assert.deepEqual(beacons(), []);
            release();
            await answered('page view: received=1, stored=1');
        }));
});

// ---- for everybody ----

const STYLES = ['width', 'height', 'color', 'backgroundColor', 'fontSize', 'fontWeight', 'fontFamily', 'border',
    'borderRadius', 'padding', 'opacity', 'boxShadow', 'textDecorationLine'];

// Sizes to the pixel: the columns of a grid differ by less.
const looksOf = (locator) =>
    locator.evaluate((node, names) => {
        const style = getComputedStyle(node);
        const round = (text) => text.replace(/^\d+\.\d+px$/, (size) => `${Math.round(parseFloat(size))}px`);
        return Object.fromEntries(names.map((name) => [name, round(style[name])]));
    }, STYLES);

// Every text on the page with too little contrast to what is behind it: WCAG 2.2, 1.4.3.
const faint = (page) =>
    page.evaluate(() => {
        const parse = (text) => text.match(/[\d.]+/g).map(Number);
        const part = (byte) => {
            const value = byte / 255;
            return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        };
        const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
        const behind = (node) => {
            const colour = parse(getComputedStyle(node).backgroundColor);
            if (colour.length < 4 || colour[3] === 1) return colour;
            return node.parentElement ? behind(node.parentElement) : [255, 255, 255];
        };
        const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        const written = (node) => [...node.childNodes].some(({ nodeType, data }) => nodeType === 3 && data.trim());
        const all = [...document.body.querySelectorAll('*')];
        const texts = all.filter((node) => written(node) && node.checkVisibility());
        const rows = texts.map((node) => ({
            text: node.textContent.trim().slice(0, 40),
            ratio: ratio(light(parse(getComputedStyle(node).color)), light(behind(node))),
        }));
        return { n: rows.length, faint: rows.filter((row) => row.ratio < 4.5) };
    });

const focused = (page) => page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.name);

describe('the notice', { timeout: 300_000 }, () => {
    for (const [name, options] of Object.entries({
        'in light': { colorScheme: 'light' },
        'in the dark': { colorScheme: 'dark' },
        'at 320 pixels': { viewport: { width: 320, height: 568 } },
    }))
        it(`gives every answer the same looks, ${name}`, () =>
            visit(async ({ page, notice, choices, button, answered }) => {
                await notice.waitFor();
                await page.mouse.move(0, 0);
                const accept = await looksOf(button('Accept'));
                assert.deepEqual(await looksOf(button('Reject')), accept);
                assert.deepEqual(await looksOf(button('Choose')), accept);
                assert.ok(parseFloat(accept.height) >= 44, accept.height);
                await button('Accept').click();
                await answered('page view');
                await choices.click();
                await page.mouse.move(0, 0);
                const again = await looksOf(button('Accept'));
                for (const other of ['Reject', 'Save my choice', 'Withdraw my consent'])
                    assert.deepEqual(await looksOf(button(other)), again, other);
            }, options));

    for (const colorScheme of ['light', 'dark'])
        it(`and the pages can be read, ${colorScheme}`, () =>
            visit(async ({ page, go, notice, button, answered, choices }) => {
                await notice.getByText('Who is responsible').click();
                await button('Choose').click();
                const checks = [await faint(page)];
                await button('Accept').click();
                await answered('page view');
                for (const path of PAGES) {
                    await go(path);
                    await answered('page view');
                    checks.push(await faint(page));
                }
                await choices.click();
                await notice.waitFor();
                checks.push(await faint(page));
                assert.deepEqual(checks.flatMap((check) => check.faint), []);
                assert.ok(checks.every(({ n }) => n > 10), 'there were texts to look at');
                const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
                assert.equal(Number(ground.match(/\d+/)[0]) < 100, colorScheme === 'dark', ground);
            }, { colorScheme }));

    it('can be used at 320 by 568 pixels, and nothing runs out of the page', () =>
        visit(async ({ page, go, notice, button, answered }) => {
            for (const path of PAGES) {
                await go(path);
                await notice.waitFor();
                const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
                assert.ok(wide <= room, `${path} is ${wide} pixels wide`);
                const box = await notice.boundingBox();
                assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.width <= 320 && box.y + box.height <= 568);
            }
            for (const name of ['Accept', 'Reject', 'Choose'])
                assert.ok((await button(name).boundingBox()).y + 44 <= 568, `${name} is in sight`);
            await notice.getByText('Who is responsible').click();
            await button('Choose').click();
            for (const name of ['Accept', 'Reject', 'Save my choice'])
                assert.ok((await button(name).boundingBox()).y + 44 <= 568, `${name} stays in sight`);
            for (const name of ['Measuring visits', 'Ways through the site', 'Advertising'])
                await notice.getByLabel(name).check();
            await button('Save my choice').click();
            await answered('page view: received=1, stored=1');
        }, { viewport: { width: 320, height: 568 }, hasTouch: true }));

    it('can be scrolled away from what it covers', () =>
        visit(async ({ page, notice }) => {
            await notice.waitFor();
            await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
            const [last, top] = [await page.locator('.bottom').boundingBox(), (await notice.boundingBox()).y];
            assert.ok(last.y + last.height <= top + 1, 'the end of the page is above the notice');
        }, { viewport: { width: 1000, height: 600 } }));

    it('needs no mouse', () =>
        visit(async ({ crumb, page, notice, choices, answered, cookies, asked }) => {
            const press = async (...keys) => {
                for (const key of keys) await page.keyboard.press(key);
            };
            await notice.waitFor();
            assert.equal(await focused(page), 'Your choice');
            await press('Escape');
            assert.equal(await notice.count(), 1, 'Escape is no answer');
            const order = [];
            for (let i = 0; i < 4; i++) {
                await press('Tab');
                order.push(await focused(page));
            }
            assert.deepEqual(order, ['Who is responsible, and how long it is kept', 'Accept', 'Reject', 'Choose']);
            await press('Enter');
            assert.equal(await focused(page), 'analytics');
            await press('Space', 'Tab', 'Tab', 'Tab', 'Tab', 'Tab', 'Tab');
            assert.equal(await focused(page), 'Save my choice');
            await press('Enter');
            await answered('page view: received=1, stored=1');
            assert.deepEqual(await cookies(), ['crumb_choice', 'crumb_id']);
            await press('Tab');
            assert.equal(await focused(page), 'Skip to content', 'the page goes on from its beginning');

            await choices.focus();
            await press('Enter');
            await notice.waitFor();
            assert.equal(await focused(page), 'Your choice');
            for (let i = 0; i < 12; i++) {
                await press('Tab');
                const inside = await page.evaluate(() =>
                    document.activeElement === document.body || document.activeElement.closest('dialog') !== null);
                assert.ok(inside, 'the focus stays in what is modal');
            }
            await press('Escape');
            await notice.waitFor({ state: 'detached' });
            assert.equal(await focused(page), 'Privacy choices');
            assert.equal(asked().filter((request) => request === 'POST /v1/consent').length, 1);
            assert.deepEqual(await crumb.actions(), ['custom banner']);
        }));

    it('does not take the focus from somebody who types', () =>
        visit(async ({ page, at, go, notice }) => {
            let release;
            const held = new Promise((give) => (release = give));
            await page.route(`${at}/v1/consent*`, async (route) => {
                await held;
                await route.continue();
            });
            await go('/checkout.html?basket=loaf.1');
            await page.getByLabel('Your name').pressSequentially('An');
            release();
            await notice.waitFor();
            await page.keyboard.type('na');
            assert.equal(await page.getByLabel('Your name').inputValue(), 'Anna');
        }));
});

describe('the shop', { timeout: 300_000 }, () => {
    it('keeps the basket in the address, through to the order', () =>
        visit(async ({ page, button, said, state }) => {
            await button('Reject').click();
            await said('Your choice is saved.');
            for (const [i, bake] of ['Country loaf', 'Plum galette', 'Country loaf'].entries()) {
                await page.getByRole('link', { name: bake }).click();
                await page.getByRole('button', { name: 'Add to basket' }).click();
                await page.getByRole('link', { name: 'Bakes', exact: true }).click();
                await page.getByRole('link', { name: `Basket ${i + 1}` }).waitFor();
            }
            await page.getByRole('link', { name: 'Basket 3' }).click();
            assert.match(page.url(), /\?basket=loaf\.2_galette\.1$/);
            await page.getByText('Total €30.90').waitFor();
            await page.getByLabel('Number').first().fill('3');
            await page.getByLabel('Number').first().press('Tab');
            await page.getByText('Total €37.10').waitFor();
            await page.getByRole('button', { name: 'Remove Plum galette' }).click();
            await page.getByText('Total €18.60').waitFor();
            await page.getByRole('link', { name: 'To the checkout' }).click();
            await page.getByText('3 × Country loaf').waitFor();
            await page.getByLabel('Your name').fill('Anna');
            await page.getByRole('button', { name: 'Order' }).click();
            await page.getByRole('heading', { name: 'Thank you' }).waitFor();
            assert.equal(new URL(page.url()).search, '');
            await state('Nothing was sent');
        }));

    it('takes nothing from the address but what it sells', () =>
        visit(async ({ page, go }) => {
            await go('/basket.html?basket=toString.2_loaf.0_bun.1_loaf.100_%3Cimg%20src%3Dx%3E.1_bun');
            await page.getByText('Total €3.40').waitFor();
            assert.equal(await page.locator('[data-basket="lines"] li').count(), 1);
        }));

    it('lets no text become markup: the policy is in force, and a breach of it is noticed', () =>
        visit(async ({ page, seen, expect }) => {
            const breach = (act) => page.evaluate(act).then(() => 'was possible', (error) => error.message);
            assert.match(await breach(() => (document.body.innerHTML = '<b>no</b>')), /TrustedHTML/);
            await page.evaluate(() => fetch('http://127.0.0.1:9/')).catch(() => {});
            for (const directive of ['policy: require-trusted-types-for', 'policy: connect-src'])
                await eventually(directive, () => seen.problems.some((problem) => problem.startsWith(directive)));
            expect(/.*/);
        }));

    it('serves its pages, and nothing else of its folder', () =>
        visit(async ({ shop }) => {
            const { port } = new URL(shop);
            const ask = (method, path, headers = {}) => request(port, { method, path, headers });
            const served = { '/': 'text/html', '/loaf.html?basket=bun.1': 'text/html', '/notice.js': 'text/javascript',
                '/shop.css': 'text/css', '/img/loaf.svg': 'image/svg+xml' };
            for (const [path, type] of Object.entries(served)) {
                const { status, headers } = await ask('GET', path);
                assert.equal(status, 200, path);
                assert.ok(headers['content-type'].startsWith(type), headers['content-type']);
                assert.equal(headers['x-content-type-options'], 'nosniff');
                assert.match(headers['content-security-policy'], /^default-src 'self'; connect-src 'self' http:/);
            }
            for (const path of ['/server.mjs', '/crumb.yaml', '/../crumb.yaml', '/img/../../../package.json', '/img/',
                '/%2e%2e/%2e%2e/package.json', '/..%2f..%2fmeson.build', '//etc/passwd', '/img', '/nothing.html', '*'])
                assert.equal((await ask('GET', path)).status, 404, path);
            const head = await ask('HEAD', '/');
            assert.ok(head.status === 200 && head.text === '' && Number(head.headers['content-length']) > 1000);
            const post = await ask('POST', '/checkout.html');
            assert.ok(post.status === 405 && post.headers.allow === 'GET, HEAD');
            // A name that a stranger made up is not put into the page.
            const { text } = await ask('GET', '/', { host: '"><script>alert(1)</script>' });
            assert.ok(!text.includes('alert(1)'));
        }));
});
