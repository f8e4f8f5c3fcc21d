// The banner as a visitor meets it: that refusing is as easy as accepting, that everybody can use it, that it keeps out
// of the page's way, and that it fits into one small response.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { eventually } from './banner-service.mjs';
import { startBrowser, stopBrowser, visit, withBrowser } from './banner.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RESPONSE_BYTES_MAX = 8192;
const ENGLISH = { accept: 'Accept', reject: 'Reject', choose: 'Choose', save: 'Save my choice' };
const TARGET_PX_MIN = 24;
const ACCEPT_MS_MAX = 16;
const LONG_TASK_MS = 50;

before(startBrowser);
after(stopBrowser);

// ---- what is measured ----

// What makes a button easy or hard to choose.
const looks = (buttons) =>
    buttons.evaluateAll((all) =>
        all.map((button) => {
            const { width, height } = button.getBoundingClientRect();
            const style = getComputedStyle(button);
            const { color, backgroundColor, fontSize, fontWeight, fontFamily, opacity, borderWidth, borderStyle, borderColor } = style;
            const { boxShadow, textDecorationLine, padding } = style;
            return {
                name: button.textContent,
                look: {
                    width: Math.round(width), height: Math.round(height), color, backgroundColor, fontSize, fontWeight,
                    fontFamily, opacity, borderWidth, borderStyle, borderColor, boxShadow, textDecorationLine, padding,
                },
            };
        }));

const channels = (color) => color.match(/[\d.]+/g).map(Number);

// WCAG 2.2, relative luminance and contrast ratio.
function luminance(color) {
    const [r, g, b] = channels(color).map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
}

// Throws where one of them is weaker than another.
async function assertEqual(buttons, names) {
    const all = await looks(buttons);
    assert.deepEqual(all.map(({ name }) => name), names);
    for (const { name, look } of all) {
        assert.deepEqual(look, all[0].look, `${name} looks like ${all[0].name}`);
        const ratio = contrast(look.color, look.backgroundColor);
        assert.ok(ratio >= 4.5, `${name}: contrast ${ratio}`);
        assert.ok(look.height >= TARGET_PX_MIN && look.width >= TARGET_PX_MIN, name);
    }
}

const acts = (layer) => layer.locator('.acts button');
const press = (page, ...keys) => keys.reduce((done, key) => done.then(() => page.keyboard.press(key)), Promise.resolve());

const painted = (page) =>
    page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))));

async function findings(page) {
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => window.axe.run());
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}

// ---- tests ----

describe('accept, reject and choose', () => {
    const places = {
        'wide': {},
        'narrow': { browser: { viewport: { width: 320, height: 640 } } },
        'dark': { browser: { colorScheme: 'dark' } },
        'right to left': { lang: 'ar', service: { texts: { ar: ENGLISH } } },
    };
    for (const [name, options] of Object.entries(places))
        it(`have the same size, weight and contrast: ${name}`, () =>
            visit(options, async ({ banner, front, press: click, page }) => {
                await banner.waitFor();
                await page.mouse.move(0, 0);
                await assertEqual(acts(banner), ['Accept', 'Reject', 'Choose']);
                await click('Choose');
                await front.waitFor();
                await page.mouse.move(0, 0);
                await assertEqual(acts(front), ['Accept', 'Reject', 'Save my choice']);
            }));

    for (const rule of ['font-weight: 400', 'background: #fff; color: #777', 'padding: 0; min-height: 0; align-self: start', 'opacity: 0.9'])
        it(`would be found unequal where one had ${rule}`, () =>
            visit({}, async ({ banner }) => {
                await banner.waitFor();
                await acts(banner).nth(1).evaluate((button, text) => (button.style.cssText = text), rule);
                await assert.rejects(assertEqual(acts(banner), ['Accept', 'Reject', 'Choose']), /looks like/);
            }));

    it('take one click each, and refusing works as fast', () =>
        visit({}, async ({ banner, press: click, service, control }) => {
            await click('Reject');
            await banner.waitFor({ state: 'detached' });
            await control.waitFor();
            assert.deepEqual(await service.actions(), ['deny banner']);
        }));

    it('are of one strength in a step for a purpose of its own, too', () =>
        visit({ service: { edit: ({ marketing }) => { marketing.separate = true; } } }, async ({ front, press: click, page }) => {
            await click('Accept');
            await front.waitFor();
            await page.mouse.move(0, 0);
            await assertEqual(acts(front), ['Allow', 'Refuse']);
        }));
});

describe('what is told', () => {
    it('the first layer names who asks and for what', () =>
        visit({}, async ({ banner }) => {
            const text = await banner.innerText();
            for (const part of ['Your choice', 'Crumb & Co', 'Measuring visits', 'Ways through the site', 'Advertising'])
                assert.ok(text.includes(part), part);
            assert.match(await banner.getByRole('link').getAttribute('href'), /\/privacy\?site=shop&lang=en$/);
        }));

    it('the second layer has each purpose with recipients, storage and retention, and what is necessary', () =>
        visit({}, async ({ front, press: click }) => {
            await click('Choose');
            const text = await front.innerText();
            for (const part of [
                'Necessary', 'such as remembering this choice', 'Measuring visits', 'Which pages are visited', 'Ways through the site',
                'Flour & Flyers Ltd (United Kingdom): shows our advertisements', 'Ad Partner Inc (United States)',
                'Frankfurt, Germany', 'Raw data: 30 days', 'Visits: 25 months', 'Your visitor number: 13 months',
                'Your consent: 6 months', 'Crumb & Co, 3 Oven Lane, Rye, privacy@crumb-and-co.example',
            ])
                assert.ok(text.includes(part), part);
            assert.equal(await front.getByRole('checkbox').count(), 3, 'what is necessary has no box');
        }));

    it('nothing is ticked before, and only what was granted after', () =>
        visit({}, async ({ front, press: click, pressIn, tick, control }) => {
            await click('Choose');
            for (const box of await front.getByRole('checkbox').all()) assert.equal(await box.isChecked(), false);
            await tick('Ways through the site');
            await pressIn('Save my choice');
            await control.click();
            const ticked = await front.getByRole('checkbox').evaluateAll((all) => all.map(({ checked }) => checked));
            assert.deepEqual(ticked, [false, true, false]);
        }));

    it('the control and data-crumb="show" open the choices again, in a link without following it', () =>
        visit({ body: '<h1>S</h1><p><a href="/elsewhere" data-crumb="show"><b>Privacy</b></a></p>' }, async ({ page, press: click, front, control, pressIn }) => {
            await click('Reject');
            await control.click();
            await pressIn('Close');
            await front.waitFor({ state: 'detached' });
            await page.getByText('Privacy', { exact: true }).click();
            await front.waitFor();
            assert.equal(new URL(page.url()).pathname, '/');
        }));

    it('without the control nothing stays', () =>
        visit({ service: { control: false } }, async ({ press: click, said, control }) => {
            await click('Reject');
            await said.filter({ hasText: 'saved' }).waitFor();
            assert.equal(await control.count(), 0);
        }));
});

describe('languages', () => {
    const dirs = { en: 'ltr', ar: 'rtl' };
    for (const [lang, dir] of Object.entries(dirs))
        it(`the page's language is spoken: ${lang}, ${dir}`, () =>
            visit({ lang, browser: { locale: 'de-DE' } }, async ({ banner, service }) => {
                await banner.waitFor();
                const root = banner.locator('..');
                assert.equal(await root.getAttribute('lang'), lang);
                assert.equal(await root.getAttribute('dir'), dir);
                await eventually('the count', async () => (await service.shown())[lang] === 1); // the notice that was shown is the one that counts
            }));

    it('the tag wins over the page, and no second question is asked', () =>
        visit({ lang: 'ar', script: (crumb) => `${crumb}/consent.js?site=shop&lang=de` }, async ({ page, service }) => {
            await page.getByText('Ihre Wahl').waitFor();
            assert.ok(!service.asked.includes('GET /v1/notice'));
        }));

    it('a page in a language nobody has is asked in the browser’s', () =>
        visit({ lang: 'tlh', browser: { locale: 'de-DE' } }, async ({ page }) => {
            await page.getByText('Ihre Wahl').waitFor();
        }));

    const tags = { no: 'nb', nn: 'nb', iw: 'he', 'zh-HK': 'zh-TW', 'zh-Hant': 'zh-TW', 'zh-CN': 'zh', 'pt-BR': 'pt-BR', 'de-AT': 'de' };
    for (const [tag, lang] of Object.entries(tags))
        it(`a page in ${tag} is asked in ${lang}, by a script of another and of that language`, () =>
            visit({ lang: tag }, async ({ banner, service, context, go }) => {
                assert.equal(await banner.locator('..').getAttribute('lang'), lang);
                await context.route('**/consent.js*', (route) => route.continue({ headers: { ...route.request().headers(), 'accept-language': lang } }));
                service.asked.length = 0;
                await go();
                assert.equal(await banner.locator('..').getAttribute('lang'), lang);
                if (tag != 'zh-CN') assert.ok(!service.asked.includes('GET /v1/notice'), 'nothing has to be asked for');
            }));

    for (const lang of ['ga', 'is', 'mt'])
        it(`what the browser has no words for is said in the notice's: ${lang}`, () =>
            visit({ lang }, async ({ page, banner, front }) => {
                await acts(banner).nth(2).click();
                const text = await front.innerText();
                if (await page.evaluate((tag) => Intl.NumberFormat.supportedLocalesOf(tag).length, lang)) return;
                assert.doesNotMatch(text, /days|months|Germany|United/);
                assert.match(text, /750/);
            }));

    it('Arabic stands on the right, and its choices are read from there', () =>
        visit({ lang: 'ar' }, async ({ banner, front, control }) => {
            await acts(banner).nth(2).click();
            const title = await front.getByRole('heading', { level: 2 }).boundingBox();
            const out = await front.locator('.out').boundingBox();
            assert.ok(title.x > out.x, 'the title is right of the way out');
            await acts(front).nth(1).click();
            const corner = await control.boundingBox();
            assert.ok(corner.x > 640, 'the control is in the right corner');
        }));
});

describe('the keyboard', () => {
    it('reaches the question first, and can do everything', () =>
        visit({}, async ({ page, banner, front, focused, service, control }) => {
            await banner.waitFor();
            assert.equal(await focused(), 'body', 'nobody who is reading is interrupted');
            await press(page, 'Tab', 'Tab');
            assert.equal(await focused(), 'Accept');
            await press(page, 'Tab', 'Tab', 'Enter');
            await front.waitFor();
            assert.equal(await focused(), 's', 'the title of the choices');
            await press(page, 'Tab', 'Tab', 'Space');
            assert.equal(await focused(), 'analytics');
            await press(page, 'Tab', 'Tab', 'Tab', 'Tab', 'Tab', 'Tab');
            assert.equal(await focused(), 'Save my choice');
            await press(page, 'Enter');
            await control.waitFor();
            assert.deepEqual((await service.records())[0].purposes, { analytics: true, journeys: false, marketing: false });
        }));

    it('stays in the choices while they are open', () =>
        visit({}, async ({ page, front, press: click, focused }) => {
            await click('Choose');
            await front.waitFor();
            const seen = new Set();
            for (let i = 0; i < 24; i++) {
                await press(page, i % 3 ? 'Tab' : 'Shift+Tab');
                seen.add(await focused());
            }
            for (let i = 0; i < 24; i++) {
                await press(page, 'Tab');
                seen.add(await focused());
            }
            for (const behind of ['first', 'last', 'Choose']) assert.ok(!seen.has(behind), behind);
            assert.ok(seen.has('analytics') && seen.has('Save my choice'));
        }));

    it('Escape goes back a layer and gives the focus back', () =>
        visit({}, async ({ page, front, banner, press: click, focused, service }) => {
            await click('Choose');
            await front.waitFor();
            await press(page, 'Escape');
            await front.waitFor({ state: 'detached' });
            assert.ok(await banner.isVisible());
            assert.equal(await focused(), 'Choose');
            assert.deepEqual(await service.records(), []);
        }));

    it('Escape on the question turns it away, which is recorded as that', () =>
        visit({}, async ({ page, banner, service, state, go, control }) => {
            await banner.getByRole('button').first().focus();
            await press(page, 'Escape');
            await control.waitFor();
            assert.deepEqual(await service.actions(), ['dismiss banner']);
            assert.deepEqual((await state()).purposes, { analytics: false, journeys: false, marketing: false });
            await go();
            await control.waitFor();
            assert.equal(await banner.count(), 0);
        }));

    it('the choices give the focus back to what opened them', () =>
        visit({ body: '<h1>S</h1><button data-crumb="show" id="mine">Privacy</button>' }, async ({ page, press: click, front, focused, control }) => {
            await click('Reject');
            await control.waitFor();
            await page.locator('#mine').focus();
            await press(page, 'Enter');
            await front.waitFor();
            await press(page, 'Escape');
            await front.waitFor({ state: 'detached' });
            assert.equal(await focused(), 'mine');
        }));

    for (const [where, options] of Object.entries({ 'the same host': {}, 'another host': { host: 'shop.test', crumbHost: 'c.shop.test' } }))
        it(`is not lost with what is closed: ${where}`, () =>
            visit(options, async ({ page, banner, front, control, focused, said }) => {
                const saved = () => said.filter({ hasText: 'saved' }).waitFor();
                await banner.getByRole('button').first().focus();
                await press(page, 'Enter');
                await saved();
                assert.equal(await focused(), 'Privacy choices', 'after Accept');
                await press(page, 'Enter');
                await front.getByRole('button', { name: 'Save my choice' }).focus();
                await press(page, 'Enter');
                await saved();
                assert.equal(await focused(), 'Privacy choices', 'after Save');
                await page.evaluate(() => dispatchEvent(new Event('focus')));
                await page.waitForTimeout(300);
                assert.equal(await focused(), 'Privacy choices', 'after a look at another tab');
            }));

    it('is not taken from whoever went on meanwhile', () =>
        visit({}, async ({ page, banner, control, focused, service }) => {
            let open;
            await banner.getByRole('button').first().focus();
            service.fault = { hold: new Promise((done) => (open = done)) };
            await press(page, 'Enter');
            await page.locator('#last').focus();
            open();
            await control.waitFor();
            assert.equal(await focused(), 'last');
        }));

    it('goes back from a step to the choices, with what was ticked', () =>
        visit({ service: { edit: ({ marketing }) => { marketing.separate = true; } } }, async ({ page, front, press: click, pressIn, tick, focused, service }) => {
            await click('Choose');
            await tick('Measuring visits');
            await pressIn('Accept');
            for (const back of ['Back', 'Escape']) {
                await front.getByRole('heading', { name: 'One more question' }).waitFor();
                if (back == 'Escape') await press(page, 'Escape');
                else await pressIn('Back');
                await front.getByRole('heading', { name: 'One more question' }).waitFor({ state: 'detached' });
                assert.equal(await front.getByRole('checkbox', { name: 'Measuring visits' }).isChecked(), true);
                assert.equal(await focused(), 'Accept');
                if (back == 'Back') await press(page, 'Enter');
            }
            assert.deepEqual(await service.records(), []);
        }));

    it('what it reaches on the page is not behind the question', () =>
        visit({}, async ({ page, banner }) => {
            await banner.waitFor();
            const covered = await banner.boundingBox();
            await page.locator('#first').evaluate((link) => { // 19 is in the window, and behind the question
                const paragraphs = document.querySelectorAll('p');
                paragraphs[19].append(Object.assign(document.createElement('a'), { href: '#', id: 'middle', textContent: 'Middle' }));
                link.focus();
            });
            await press(page, 'Tab');
            const { y, height } = await page.locator('#middle').boundingBox();
            assert.ok(y + height <= covered.y + 1, `${y} is above ${covered.y}`);
        }));
});

describe('everybody', () => {
    for (const [name, options] of Object.entries({ light: {}, dark: { browser: { colorScheme: 'dark' } }, narrow: { browser: { viewport: { width: 320, height: 640 } } }, rtl: { lang: 'ar' } }))
        it(`axe finds nothing in the banner, the choices, the control and the message: ${name}`, () =>
            visit({ ...options, policy: null }, async ({ page, banner, front, control }) => {
                await banner.waitFor();
                assert.deepEqual(await findings(page), []);
                await acts(banner).nth(2).click();
                await front.waitFor();
                assert.deepEqual(await findings(page), []);
                await acts(front).nth(1).click();
                await control.waitFor();
                assert.deepEqual(await findings(page), []);
            }));

    const layers = {
        'a step': { service: { edit: ({ marketing }) => { marketing.separate = true; } }, reach: ({ press: click }) => click('Accept') },
        'what stands in for a frame': { body: '<main><h1>S</h1><iframe title="Film" data-category="marketing" data-src="/frame.html"></iframe></main>', reach: ({ page }) => page.locator('section.frame').waitFor() },
        'the notice of opt_out': { service: { regime: 'opt_out' }, reach: ({ banner }) => banner.waitFor() },
        'the choices of a minor': { tag: 'data-audience="minor"', reach: ({ control }) => control.click() },
        'a notice that has changed': {
            expected: [/409/],
            reach: async ({ service, press: click, banner }) => {
                await banner.waitFor();
                await service.change({ edit: (all) => { delete all.marketing; } });
                await click('Accept');
                await banner.getByText('This notice has changed').waitFor();
                const about = await banner.evaluate((e) => e.getAttribute('aria-describedby').split(' ').map((id) => e.querySelector(`#${id}`).textContent));
                assert.match(about.join(' '), /has changed.*With your permission/s);
            },
        },
    };
    for (const [name, { reach, ...options }] of Object.entries(layers))
        it(`axe finds nothing in ${name}`, () =>
            visit({ policy: null, ...options }, async (all) => {
                await reach(all);
                await painted(all.page);
                assert.deepEqual(await findings(all.page), []);
            }));

    it('names and roles: two dialogs by their titles, boxes described by what they allow, messages that are read', () =>
        visit({}, async ({ page, press: click, pressIn, said }) => {
            await page.getByRole('dialog', { name: 'Your choice' }).waitFor();
            await click('Choose');
            const choices = page.getByRole('dialog', { name: 'Your privacy choices' });
            const box = choices.getByRole('checkbox', { name: 'Measuring visits' });
            const about = await box.evaluate((input) => input.getRootNode().getElementById(input.getAttribute('aria-describedby')).textContent);
            assert.match(about, /Which pages are visited/);
            await pressIn('Reject');
            await said.filter({ hasText: 'Your choice is saved.' }).waitFor();
            await page.getByRole('region', { name: 'Privacy choices' }).waitFor();
        }));

    it('every target is at least 24 px, boxes too', () =>
        visit({}, async ({ page, press: click, pressIn, front, control }) => {
            await click('Choose');
            for (const target of await front.locator('button, input').all()) {
                const { width, height } = await target.boundingBox();
                assert.ok(width >= TARGET_PX_MIN && height >= TARGET_PX_MIN, await target.evaluate((e) => e.outerHTML));
            }
            await pressIn('Reject');
            const { height } = await control.boundingBox();
            assert.ok(height >= TARGET_PX_MIN);
            assert.ok(page);
        }));

    it('forced colours: the answers have edges, and the text the system’s colours', () =>
        visit({ browser: { forcedColors: 'active' } }, async ({ banner, press: click, front }) => {
            const button = acts(banner).nth(1);
            const style = await button.evaluate((b) => {
                const { borderTopColor, backgroundColor, borderTopWidth } = getComputedStyle(b);
                return { borderTopColor, backgroundColor, borderTopWidth };
            });
            assert.notEqual(style.borderTopColor, style.backgroundColor);
            assert.equal(style.borderTopWidth, '2px');
            assert.ok(contrast(style.borderTopColor, style.backgroundColor) >= 3);
            await click('Choose');
            await front.waitFor();
        }));

    it('nothing moves', () =>
        visit({}, async ({ page, press: click, front }) => {
            const moving = () => page.evaluate(() => document.getAnimations().length);
            assert.equal(await moving(), 0);
            await click('Choose');
            await front.waitFor();
            assert.equal(await moving(), 0);
        }));

    // 1280 px at 400 % zoom is 320 by 256; the texts at 200 % are twice the browser's size.
    const sizes = { '320 px wide': [{ width: 320, height: 568 }, 16], 'zoomed to 400 %': [{ width: 320, height: 256 }, 16], '200 % text': [{ width: 640, height: 480 }, 32] };
    for (const [name, [viewport, px]] of Object.entries(sizes))
        it(`${name}: no text is cut, and every answer can be reached`, () =>
            visit({ browser: { viewport } }, async ({ page, banner, front, press: click, pressIn, control }) => {
                await banner.waitFor();
                await page.evaluate((size) => document.querySelector('html > div').shadowRoot.querySelector('.root').style.setProperty('font-size', `${size}px`), px);
                const fits = (layer) =>
                    layer.evaluate((box) => {
                        const { left, right, top, bottom } = box.getBoundingClientRect();
                        const cut = [...box.querySelectorAll('*')].filter((e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display != 'inline');
                        return { inside: left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight, cut: cut.map((e) => e.outerHTML) };
                    });
                assert.deepEqual(await fits(banner), { inside: true, cut: [] });
                await click('Choose');
                assert.deepEqual(await fits(front), { inside: true, cut: [] });
                await front.getByRole('checkbox').last().check();
                await pressIn('Save my choice');
                await control.waitFor();
                const { x, width } = await control.boundingBox();
                assert.ok(x >= 0 && x + width <= viewport.width);
            }));

    for (const px of [16, 32])
        it(`every language fits into 320 px where the browser's own texts have ${px} px`, { timeout: 180_000 }, () => {
            const measure = (layer) =>
                layer.evaluate((box) => {
                    const { left, right } = box.getBoundingClientRect();
                    const wide = [...box.querySelectorAll('*')].filter((e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display != 'inline');
                    const narrow = [...box.querySelectorAll('p, dd, h2, h3, button')].filter((e) => e.clientWidth < 60 && e.textContent.length > 10);
                    const hidden = [...box.querySelectorAll('.read')].filter((e) => e.clientHeight < 100);
                    return [...wide, ...narrow, ...hidden].map((e) => e.textContent.slice(0, 40)).concat(left < 0 || right > innerWidth ? ['the layer'] : []);
                });
            let lang;
            const cut = [];
            return visit({ script: (crumb) => `${crumb}/consent.js?site=shop&lang=${lang}` }, ({ at, helpers }) =>
                withBrowser({ args: [`--blink-settings=defaultFontSize=${px}`] }, async (browser) => {
                    const context = await browser.newContext({ viewport: { width: 320, height: 640 } });
                    const page = await context.newPage();
                    const { banner, front } = helpers(page, context);
                    for (const name of readdirSync(new URL('../../consent-js/texts/', import.meta.url))) {
                        lang = name.replace('.json', '');
                        await page.goto(`${at}/${lang}`);
                        await banner.waitFor();
                        assert.equal(await banner.evaluate((e) => getComputedStyle(e).fontSize), `${px}px`);
                        for (const text of await measure(banner)) cut.push(`${lang} banner: ${text}`);
                        await acts(banner).nth(2).click();
                        await front.waitFor();
                        for (const text of await measure(front)) cut.push(`${lang} choices: ${text}`);
                    }
                    assert.deepEqual(cut, []);
                }));
        });

    it('is not printed', () =>
        visit({}, async ({ page, banner }) => {
            await banner.waitFor();
            await page.emulateMedia({ media: 'print' });
            assert.equal(await banner.isVisible(), false);
        }));

    it('a few variables theme it', () =>
        visit({ policy: null, head: '<style>:root{--crumb-button:#0000aa;--crumb-button-text:#ffff00;--crumb-background:#eeeeff;--crumb-text:#000011;--crumb-radius:0px;--crumb-font:monospace}</style>' }, async ({ banner, page }) => {
            await banner.waitFor();
            await page.mouse.move(0, 0);
            await assertEqual(acts(banner), ['Accept', 'Reject', 'Choose']);
            const [{ look }] = await looks(acts(banner));
            assert.deepEqual([look.backgroundColor, look.color, look.fontFamily], ['rgb(0, 0, 170)', 'rgb(255, 255, 0)', 'monospace']);
            assert.equal(await banner.evaluate((e) => getComputedStyle(e).backgroundColor), 'rgb(238, 238, 255)');
        }));
});

describe('the page', () => {
    const harsh = `<style>*{color:red!important;font-size:7px!important;margin:9px!important;box-sizing:content-box!important}
        html{font-size:62.5%} div,dialog,button,section{display:none!important} body>*+*{margin-top:50px}</style>`;
    it('and its styles do not meet the banner', async () => {
        const seen = [];
        for (const head of ['', harsh])
            await visit({ policy: null, head }, async ({ banner }) => {
                await banner.waitFor();
                seen.push([await banner.boundingBox(), await looks(acts(banner))]);
            });
        assert.deepEqual(seen[1], seen[0]);
    });

    it('does not move: no layout shift, no scroll', () =>
        visit({}, async ({ page, banner, press: click, control }) => {
            await banner.waitFor();
            await page.evaluate(() => scrollTo(0, 300));
            await click('Choose');
            await press(page, 'Escape');
            await click('Accept');
            await control.waitFor();
            await control.click();
            await press(page, 'Escape');
            await painted(page);
            assert.equal(await page.evaluate(() => scrollY), 300);
            assert.deepEqual(await page.evaluate(() => window.shifts), []);
        }));

    // Time of the processor, not of the clock, as other programs run beside: all that the page takes from the banner's
    // script to what is drawn is less than one long task. Still the best of a few, as they share its caches.
    it(`does not wait: no long task, and Accept at a quarter of the speed in ${ACCEPT_MS_MAX} ms`, async (t) => {
        let best = { work: Infinity, accept: Infinity };
        for (let i = 0; i < 6 && (best.work >= LONG_TASK_MS || best.accept >= ACCEPT_MS_MAX); i++)
            await visit({}, async ({ page, banner, context, go }) => {
                const devtools = await context.newCDPSession(page);
                await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
                await go('/measured');
                await banner.waitFor();
                await painted(page);
                const { metrics } = await devtools.send('Performance.getMetrics');
                const ms = (name) => 1000 * metrics.find((metric) => metric.name === name).value;
                const work = ms('ScriptDuration') + ms('LayoutDuration') + ms('RecalcStyleDuration');
                await devtools.send('Emulation.setCPUThrottlingRate', { rate: 4 });
                const accept = await acts(banner).first().evaluate((button) => {
                    const from = performance.now();
                    button.click();
                    return performance.now() - from;
                });
                best = { work: Math.min(best.work, work), accept: Math.min(best.accept, accept) };
            });
        t.diagnostic(`${best.work.toFixed(1)} ms of work at the beginning, ${best.accept.toFixed(1)} ms for Accept`);
        assert.ok(best.work > 0 && best.work < LONG_TASK_MS, `${best.work} ms of work`);
        assert.ok(best.accept < ACCEPT_MS_MAX, `${best.accept} ms`);
    });

    it('has one request for all of it, and nothing on the device before a choice', () =>
        visit({}, async ({ page, banner, service, context }) => {
            await banner.waitFor();
            assert.deepEqual(service.asked.filter((line) => line.startsWith('GET')), ['GET /consent.js']);
            assert.deepEqual(await context.cookies(), []);
            const kept = await page.evaluate(async () => [localStorage.length, sessionStorage.length, (await indexedDB.databases()).length, document.cookie]);
            assert.deepEqual(kept, [0, 0, 0, '']);
        }));

    it('keeps ids and classes that no filter list hides', () =>
        visit({}, async ({ page, banner }) => {
            await banner.waitFor();
            const named = await page.evaluate(() => [...document.querySelectorAll('html > div')].map((e) => e.outerHTML.replace(/style="[^"]*"/, '')));
            assert.deepEqual(named, ['<div ></div>']);
        }));
});

describe('the response', () => {
    for (const lang of ['en', 'de', 'ar'])
        it(`is at most ${RESPONSE_BYTES_MAX} bytes of brotli with three purposes: ${lang}`, (t) =>
            visit({}, async ({ service }) => {
                const answer = await service.crumb.get(`/consent.js?site=shop&lang=${lang}`, { 'accept-encoding': 'br' });
                const { length } = answer.body;
                t.diagnostic(`${length} bytes`);
                assert.ok(answer.headers['content-encoding'] == 'br' && length <= RESPONSE_BYTES_MAX, `${length} bytes`);
            }));

    it('cannot be ended by a text', () =>
        visit({ service: { texts: { en: { title: '</script><script>alert(1)</script>\u2028`${1}' } } } }, async ({ page }) => {
            await page.getByText('</script><script>alert(1)</script>').waitFor();
        }));
});
