// The gate: what a page holds back runs when a choice allows it, in the document's order, once, and not otherwise; and
// what was there for a purpose goes when the purpose does.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { STRICT, startBrowser, stopBrowser, visit } from './banner.mjs';

before(startBrowser);
after(stopBrowser);

const HELD = (attributes, text = '') => `<script type="text/plain" ${attributes}>${text}</script>`;
const said = (n) => `(window.ran ||= []).push(${JSON.stringify(n)})`;
const isRun = (n) => [(count) => window.ran?.length >= count, n];

describe('scripts', () => {
    it('run in the order of the document, once each, whatever is slow', () => {
        const body = [
            HELD('data-category="analytics" data-src="/ran.js?n=a&ms=150"'),
            HELD('data-category="marketing" nonce="shop"', said('b')),
            HELD('data-category="analytics" data-src="/ran.js?n=c&ms=200"'),
            HELD('data-category="journeys" data-src="/ran.js?n=d"'),
            HELD('data-category="journeys" nonce="shop"', said('e')),
        ].join('');
        return visit({ body }, async ({ page, press, ran, waitFor, control, shop }) => {
            await control.or(page.locator('dialog.banner')).waitFor();
            assert.deepEqual(await ran(), []);
            assert.ok(!shop.requests.some((path) => path.startsWith('/ran.js')), 'nothing was downloaded before');
            await press('Accept');
            await waitFor(...isRun(5));
            assert.deepEqual(await ran(), ['a', 'b', 'c', 'd', 'e']);
            await page.evaluate(() => window.crumb.set({ journeys: false }));
            await page.evaluate(() => window.crumb.set({ journeys: true }));
            assert.deepEqual(await ran(), ['a', 'b', 'c', 'd', 'e']);
        });
    });

    it('run on the next page at once, where the choice is known', () =>
        visit({ body: HELD('data-category="analytics" data-src="/ran.js?n=a"') }, async ({ press, waitFor, go, control, service }) => {
            await press('Accept');
            await waitFor(...isRun(1));
            const asked = service.asked.length;
            await go('/next');
            await waitFor(...isRun(1));
            await control.waitFor();
            const tracker = ['GET /pixel.js', 'GET /clicks.js', 'POST /p'];
            const since = service.asked.slice(asked).filter((request) => !tracker.includes(request));
            assert.deepEqual(since, [], 'nobody was asked anything, and the script is kept');
        }));

    it('one that cannot be loaded does not stop those behind it', () =>
        visit({
            body: HELD('data-category="analytics" data-src="http://127.0.0.1:9/no.js"') + HELD('data-category="analytics" nonce="shop"', said('b')),
            policy: (crumb) => STRICT(crumb).replace("'nonce-shop'", "'nonce-shop' http://127.0.0.1:9"),
            expected: [/ERR_/],
        }, async ({ press, waitFor, ran }) => {
            await press('Accept');
            await waitFor(...isRun(1));
            assert.deepEqual(await ran(), ['b']);
        }));

    it('async ones wait for nobody, modules stay modules', () => {
        const body = HELD('data-category="analytics" data-src="/ran.js?n=slow&ms=600"')
            + HELD('data-category="analytics" async data-src="/ran.js?n=quick"')
            + HELD('data-category="analytics" data-type="module" nonce="shop"', `${said('module')}; import.meta.url`);
        return visit({ body }, async ({ press, waitFor, ran }) => {
            await press('Accept');
            await waitFor(...isRun(3));
            assert.deepEqual(await ran(), ['quick', 'slow', 'module']);
        });
    });

    const conditions = {
        'analytics marketing': [['analytics', 'marketing'], ['analytics']],
        'analytics !marketing': [['analytics'], ['analytics', 'marketing']],
        '!marketing': [[], ['marketing']],
    };
    for (const [condition, [good, bad]] of Object.entries(conditions))
        it(`"${condition}" runs with [${good}], not with [${bad}], and never before a choice`, async () => {
            for (const [granted, expected] of [[good, ['a']], [bad, []]])
                await visit({ body: HELD(`data-category="${condition}" nonce="shop"`, said('a')) }, async ({ page, ran, banner }) => {
                    await banner.waitFor();
                    assert.deepEqual(await ran(), []);
                    await page.evaluate(
                        (names) => window.crumb.set(Object.fromEntries(['analytics', 'journeys', 'marketing'].map((name) => [name, names.includes(name)]))),
                        granted,
                    );
                    assert.deepEqual(await ran(), expected);
                });
        });

    it('of a purpose that nobody has heard of never run', () =>
        visit({ body: HELD('data-category="other" nonce="shop"', said('a')) + HELD('data-category="" nonce="shop"', said('b')) }, async ({ press, control, ran }) => {
            await press('Accept');
            await control.waitFor();
            assert.deepEqual(await ran(), []);
        }));

    it('added later are held back, and run when they may, in pages that change without loading', () =>
        visit({ policy: null }, async ({ page, press, control, waitFor, ran, banner }) => {
            const add = (name) =>
                page.evaluate((n) => {
                    history.pushState({}, '', `/${n}`);
                    const script = Object.assign(document.createElement('script'), { type: 'text/plain' });
                    Object.assign(script.dataset, { category: 'analytics', src: `/ran.js?n=${n}` });
                    document.body.replaceChildren(script);
                }, name);
            await banner.waitFor();
            await add('a');
            assert.deepEqual(await ran(), []);
            await press('Accept');
            await control.waitFor();
            await waitFor(...isRun(1));
            await add('b');
            await waitFor(...isRun(2));
            assert.deepEqual(await ran(), ['a', 'b']);
            assert.ok(await control.isVisible(), 'the control outlives the body’s content');
        }));
});

describe('strict policies', () => {
    const scripts = HELD('data-category="analytics" src="/ran.js?n=src"') + HELD('data-category="analytics" data-src="/ran.js?n=data"');

    it("Trusted Types with the policy `crumb`: src and data-src", () =>
        visit({ body: scripts }, async ({ press, waitFor, ran }) => {
            await press('Accept');
            await waitFor(...isRun(2));
            assert.deepEqual(await ran(), ['src', 'data']);
        }));

    it("Trusted Types with no policy at all: src runs, as the parser made it; data-src cannot, and the console says so", () =>
        visit({
            body: scripts + HELD('data-category="analytics" nonce="shop"', said('inline')),
            policy: (crumb) => STRICT(crumb).replace('trusted-types crumb', "trusted-types 'none'"),
            expected: [/Policy "crumb" disallowed|trusted-types/],
        }, async ({ press, waitFor, ran, problems }) => {
            await press('Accept');
            await waitFor(...isRun(2));
            assert.deepEqual(await ran(), ['src', 'inline']);
            assert.ok(problems.some((line) => /crumb/.test(line)));
        }));

    it('an inline script without the nonce stays blocked by the page’s own policy', () =>
        visit({ body: HELD('data-category="analytics"', said('a')), expected: [/inline/] }, async ({ press, control, ran, problems }) => {
            await press('Accept');
            await control.waitFor();
            assert.deepEqual(await ran(), []);
            assert.ok(problems.some((line) => /inline/.test(line)));
        }));

    it('a script out of innerHTML is not run here either', () =>
        visit({ policy: null }, async ({ page, press, control, ran, banner }) => {
            await banner.waitFor();
            await page.evaluate((html) => { document.querySelector('main').innerHTML = html; }, HELD('data-category="analytics"', said('a')));
            await press('Accept');
            await control.waitFor();
            assert.deepEqual(await ran(), []);
        }));

    it("`default-src 'self'`, where the service is below the shop's own address", () =>
        visit({
            policy: () => "default-src 'self'; require-trusted-types-for 'script'; trusted-types crumb",
            script: () => '/proxied/consent.js?site=shop',
            body: scripts,
        }, async ({ press, waitFor, service, ran }) => {
            await press('Accept');
            await waitFor(...isRun(2));
            assert.deepEqual(await ran(), ['src', 'data']);
            assert.deepEqual(await service.actions(), ['grant banner']);
        }));
});

describe('images and styles', () => {
    const body = '<h1>S</h1><img data-category="marketing" data-src="/dot.svg?img" src="/dot.svg?before" alt="">'
        + '<link rel="stylesheet" data-category="analytics" data-href="/style.css">'
        + '<img data-category="bread" data-src="/dot.svg?lazy" src="/dot.svg?shown" alt="">';
    it('have addresses of the web: no attribute becomes code, and no other element gets an address', () => {
        const gadgets = '<a id="link" data-category="!marketing" data-href="javascript:void(window.ran = [1])">A link</a>'
            + '<iframe title="F" data-category="analytics" data-src="javascript:parent.ran = [2]"></iframe>'
            + '<iframe title="G" data-category="analytics" data-src="data:text/html,<script>parent.ran = [3]</script>"></iframe>'
            + '<script type="text/plain" data-category="analytics" data-src="data:text/javascript,ran = [4]"></script>'
            + '<object data-category="analytics" data-data="/frame.html" data-src="/frame.html"></object>'
            + '<img alt="" data-category="analytics" data-src="data:image/svg+xml,<svg xmlns=\'http://www.w3.org/2000/svg\'/>">';
        return visit({ policy: null, body: `<h1>S</h1>${gadgets}` }, async ({ page, banner, ran }) => {
            await banner.waitFor();
            await page.evaluate(() => window.crumb.set({ analytics: true }));
            await page.locator('#link').click();
            await page.waitForTimeout(200);
            const given = await page.evaluate(() => [...document.querySelectorAll('body [src], body [href]')].map(({ localName }) => localName));
            assert.deepEqual([await ran(), given], [[], ['img']]);
        });
    });

    it('of a purpose that came with a changed notice are gated from then on', () =>
        visit({ body: '<h1>S</h1><img alt="" data-category="video" data-src="/dot.svg?video">', expected: [/409/] }, async ({ page, service, press, banner, control }) => {
            await banner.waitFor();
            await service.change({ edit: (all) => { all.video = { collects: [] }; } });
            await press('Accept');
            await banner.getByText('This notice has changed').waitFor();
            await press('Accept');
            await control.waitFor();
            assert.equal(await page.locator('img').getAttribute('src'), '/dot.svg?video');
        }));

    it('come with the choice and go with it; what names no purpose is left alone', () =>
        visit({ body }, async ({ page, press, shop, control }) => {
            const color = () => page.evaluate(() => getComputedStyle(document.querySelector('h1')).color);
            const sources = () => page.evaluate(() => [...document.images].map((image) => image.getAttribute('src')));
            assert.deepEqual(await sources(), ['/dot.svg?before', '/dot.svg?shown']);
            await press('Accept');
            await control.waitFor();
            await page.waitForFunction(() => getComputedStyle(document.querySelector('h1')).color == 'rgb(1, 2, 3)');
            assert.deepEqual(await sources(), ['/dot.svg?img', '/dot.svg?shown']);
            await page.evaluate(() => window.crumb.set({ analytics: false, marketing: false }));
            assert.deepEqual(await sources(), ['/dot.svg?before', '/dot.svg?shown']);
            assert.equal(await color(), 'rgb(0, 0, 0)');
            assert.ok(!shop.requests.includes('/dot.svg?lazy'));
        }));
});

describe('frames', () => {
    const frame = (attributes = '') => `<h1>S</h1><p>Before</p><iframe title="Film" width="480" height="270" data-category="marketing" data-src="/frame.html" ${attributes}></iframe><p id="after">After</p>`;

    it('have a stand-in of their size that says what is blocked and offers it in place', () =>
        visit({ body: frame() }, async ({ page, service, shop, banner, state, control }) => {
            const film = page.locator('iframe');
            const after = page.locator('#after');
            const standIn = page.getByRole('region', { name: 'Advertising' });
            await standIn.getByText('This content is shown once you allow: Advertising').waitFor();
            const { width, height } = await standIn.evaluate((e) => e.getRootNode().host.getBoundingClientRect());
            assert.deepEqual([width, height], [484, 274], 'with the border that frames have');
            const { y } = await after.boundingBox();
            assert.ok(!shop.requests.includes('/frame.html'));
            await standIn.getByRole('button', { name: 'Allow and show' }).click();
            await page.frameLocator('iframe').getByText('In the frame').waitFor();
            await control.waitFor();
            assert.ok(await film.isVisible());
            assert.equal(await standIn.count(), 0);
            assert.equal((await after.boundingBox()).y, y, 'nothing moved');
            assert.deepEqual(await page.evaluate(() => window.shifts), []);
            assert.deepEqual(await service.actions(), ['custom page']);
            assert.deepEqual((await state()).purposes, { analytics: false, journeys: false, marketing: true });
            assert.equal(await banner.count(), 0);
        }));

    it('in a part of the page that is not shown have room for their words when it is', () => {
        const sized = frame();
        const unsized = frame().replace(/width="480" height="270"/, '');
        return visit({ policy: null, body: `<div id="tab" style="display:none">${sized}</div><div id="more" style="display:none">${unsized}</div>` }, async ({ page, banner }) => {
            await banner.waitFor();
            await page.waitForTimeout(100);
            await page.evaluate(() => { for (const hidden of document.querySelectorAll('#tab, #more')) hidden.style.display = 'block'; });
            const heights = await page.evaluate(() => [...document.querySelectorAll('#tab > div, #more > div')].map((e) => [e.clientHeight, e.scrollHeight]));
            assert.equal(heights.length, 2);
            assert.ok(heights[0][0] >= 270, `${heights}`);
            for (const [height, needed] of heights) assert.ok(height > 50 && needed <= height, `${heights}`);
        });
    });

    it('for those who refused something offer nothing to somebody who granted it', () =>
        visit({ body: frame().replace('data-category="marketing"', 'data-category="analytics !marketing"') }, async ({ page, banner, press, control }) => {
            const standIn = page.locator('section.frame');
            await banner.waitFor();
            await standIn.getByText('once you allow: Measuring visits').waitFor();
            await press('Accept');
            await control.waitFor();
            await standIn.waitFor({ state: 'detached' });
            assert.equal(await page.locator('iframe').getAttribute('src'), null);
            await page.evaluate(() => window.crumb.set({ marketing: false }));
            await page.frameLocator('iframe').getByText('In the frame').waitFor();
        }));

    it('of several purposes that are asked by themselves ask for each', () =>
        visit({
            body: frame().replace('data-category="marketing"', 'data-category="marketing journeys"'),
            service: { edit: ({ journeys, marketing }) => { journeys.separate = marketing.separate = true; } },
        }, async ({ page, front, service, pressIn, control, state }) => {
            await page.locator('section.frame').getByRole('button', { name: 'Allow and show' }).click();
            await front.getByRole('heading', { name: 'Ways through the site' }).waitFor();
            assert.deepEqual(await service.records(), []);
            await pressIn('Allow');
            await front.getByRole('heading', { name: 'Advertising' }).waitFor();
            await pressIn('Refuse');
            await control.waitFor();
            assert.deepEqual((await state()).purposes, { analytics: false, journeys: true, marketing: false });
        }));

    it('speak the language of the page', () =>
        visit({ body: frame(), lang: 'de' }, async ({ page, banner, go, control }) => {
            const standIn = page.locator('section.frame');
            await standIn.waitFor();
            assert.equal(await standIn.getAttribute('lang'), 'de');
            await banner.locator('.acts button').nth(1).click();
            await control.waitFor();
            await go('/next');
            await standIn.waitFor();
            await control.waitFor();
            assert.deepEqual([await standIn.getAttribute('lang'), await control.innerText()], ['de', 'Datenschutz-Auswahl']);
        }));

    it('go blank and get their stand-in back when the purpose goes', () =>
        visit({ body: frame('style="display: block"'), policy: null }, async ({ page, press }) => {
            const standIn = page.getByRole('region', { name: 'Advertising' });
            await standIn.waitFor();
            await press('Accept');
            await page.frameLocator('iframe').getByText('In the frame').waitFor();
            assert.equal(await page.locator('iframe').evaluate((e) => e.style.display), 'block');
            await page.evaluate(() => window.crumb.set({ marketing: false }));
            await standIn.waitFor();
            assert.equal(await page.locator('iframe').getAttribute('src'), null);
        }));

    it('that fill a box of the page are stood in for in that box, whatever its width becomes', () => {
        const head = '<style nonce="shop">.box{position:relative;aspect-ratio:16/9;max-width:800px}.box iframe{position:absolute;inset:0;width:100%;height:100%;border:0}</style>';
        const body = '<h1>S</h1><div class="box"><iframe title="Film" data-category="marketing" data-src="/frame.html"></iframe></div>';
        return visit({ head, body, policy: null }, async ({ page }) => {
            const standIn = page.getByRole('region', { name: 'Advertising' });
            await standIn.waitFor();
            const rects = () => page.evaluate(() => [...document.querySelectorAll('.box, .box > div')].map((e) => e.getBoundingClientRect().toJSON()));
            const [box, inside] = await rects();
            assert.deepEqual(inside, box);
            await page.setViewportSize({ width: 400, height: 600 });
            const [small, within] = await rects();
            assert.equal(within.width, small.width);
        });
    });

    it('a keyboard opens one, and the frame gets the focus', () =>
        visit({ body: frame() }, async ({ page, press, control }) => {
            await press('Reject');
            await control.waitFor();
            await page.getByRole('button', { name: 'Allow and show' }).focus();
            await page.keyboard.press('Enter');
            await page.frameLocator('iframe').getByText('In the frame').waitFor();
            assert.equal(await page.evaluate(() => document.activeElement.localName), 'iframe');
        }));

    it('its other button opens the choices', () =>
        visit({ body: frame() }, async ({ page, front }) => {
            await page.getByRole('region', { name: 'Advertising' }).getByRole('button', { name: 'Choose' }).click();
            await front.waitFor();
        }));
});

describe('a withdrawal', () => {
    const plant = (...cookies) => (all) => all.context.addInitScript((list) => { if (!window.planted && location.search.includes('plant')) for (const cookie of list) document.cookie = cookie; }, cookies);

    it('deletes the listed cookies, by name and pattern, in every path and domain, and no other', () =>
        visit({
            host: 'www.shop.test',
            crumbHost: 'www.shop.test',
            path: '/a/b/page?plant',
            before: plant('_ga=1; path=/', '_ga_XYZ=1; path=/; domain=shop.test', '_ga=2; path=/a', '_ga_deep=1; path=/a/b/', '_fbp=1; path=/; domain=www.shop.test', '_gat=1; path=/', 'basket=1; path=/'),
        }, async ({ page, press, control, pressIn, cookieNames, said, service }) => {
            await press('Accept');
            await control.waitFor();
            assert.deepEqual((await cookieNames()).filter((name) => name.startsWith('_')), ['_fbp', '_ga', '_ga', '_ga_XYZ', '_ga_deep', '_gat']);
            await control.click();
            await pressIn('Withdraw my consent');
            await said.filter({ hasText: 'saved' }).waitFor();
            assert.deepEqual(await service.actions(), ['grant banner', 'withdraw dialog']);
            assert.deepEqual(await cookieNames(), ['_gat', 'basket', 'crumb_choice']);
            assert.ok(page);
        }));

    it('deletes only what belongs to what was taken back', () =>
        visit({ path: '/?plant', before: plant('_ga=1; path=/', '_fbp=1; path=/') }, async ({ press, control, untick, pressIn, cookieNames, said }) => {
            await press('Accept');
            await control.click();
            await untick('Advertising');
            await pressIn('Save my choice');
            await said.filter({ hasText: 'saved' }).waitFor();
            const names = await cookieNames();
            assert.ok(names.includes('_ga') && !names.includes('_fbp'), names.join());
        }));
});
