// The words of every language in a real browser, in a box as wide as the smallest telephone: no button is too narrow for
// its longest word. The page is this test's own; how the notice itself looks is for its own tests.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { chromium } from 'playwright-core';
import { BUTTONS, shippedTexts } from '../texts/shipped.mjs';

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'];
const RTL = new Set(['ar', 'he']);
const SIDE_BY_SIDE = ['accept', 'reject', 'choose', 'ok', 'allow', 'refuse', 'close', 'back'];
const STYLE = `
    body { margin: 0; width: 320px; font: 16px/1.4 sans-serif }
    div { box-sizing: border-box; width: 320px; padding: 16px; display: grid; gap: 8px }
    div.pair { grid-template-columns: 1fr 1fr }
    button { box-sizing: border-box; min-width: 0; margin: 0; padding: 8px 10px; border: 1px solid; font: inherit }
    button, p { overflow: hidden; overflow-wrap: normal; hyphens: none }
    p { margin: 0 }`;

// Runs in the page: builds the boxes, and names each element whose text is wider than it, with both widths.
function measure({ texts, rtl, sideBySide, buttons, size, slack }) {
    const found = [];
    document.body.style.fontSize = `${size}px`;
    for (const [lang, of] of Object.entries(texts)) {
        const box = (tag, keys, className) => {
            const div = document.createElement('div');
            div.lang = lang;
            div.dir = rtl.includes(lang) ? 'rtl' : 'ltr';
            div.className = className;
            for (const key of keys) {
                const element = document.createElement(tag);
                element.textContent = of[key];
                element.dataset.key = key;
                div.append(element);
            }
            document.body.append(div);
        };
        box('button', sideBySide, size > 16 ? '' : 'pair');
        box('button', buttons.filter((key) => !sideBySide.includes(key)), '');
        box('p', Object.keys(of).filter((key) => !buttons.includes(key)), '');
        for (const element of document.querySelectorAll('[data-key]'))
            if (element.scrollWidth > element.clientWidth * slack || element.scrollHeight > element.clientHeight)
                found.push([lang, element.dataset.key, element.textContent, element.scrollWidth, element.clientWidth]);
        if (document.documentElement.scrollWidth > 320 * slack) found.push([lang, 'page', '', document.documentElement.scrollWidth, 320]);
        document.body.replaceChildren();
    }
    return found;
}

describe('in 320 px', { timeout: 120_000 }, () => {
    // Pages of the service break long words, and have tests of their own.
    const isShown = ([key]) => !key.startsWith('policy.');
    const texts = Object.fromEntries(Object.entries(shippedTexts())
        .map(([lang, of]) => [lang, Object.fromEntries(Object.entries(of).filter(isShown))]));
    let browser, page;

    before(async () => {
        const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
        assert.ok(existsSync(executablePath), `${executablePath} is missing: script/setup --test installs it`);
        browser = await chromium.launch({ executablePath, args: ARGS });
        page = await browser.newPage({ viewport: { width: 320, height: 640 } });
        await page.setContent(`<!doctype html><title>texts</title><style>${STYLE}</style>`);
    });
    after(() => browser?.close());

    const overflows = (all, size, slack = 1) =>
        page.evaluate(measure, { texts: all, rtl: [...RTL], sideBySide: SIDE_BY_SIDE, buttons: Object.keys(BUTTONS), size, slack });

    it('the measure finds a word that is too long for its button, its line or the page', async () => {
        const long = { ...texts.en, accept: 'Datenschutzeinstellungen', save: 'x'.repeat(60), body: 'y'.repeat(60) };
        assert.deepEqual((await overflows({ en: long }, 16)).map(([, key]) => key), ['accept', 'save', 'body']);
    });

    it('two buttons stand side by side in every language', async () => assert.deepEqual(await overflows(texts, 16), []));

    // WCAG 2.2, 1.4.4: text of twice the size, each button on a line of its own. In a wide font a long word may be a little
    // longer than its line; the banner breaks it then.
    it('text of twice the size fits below each other', async () => assert.deepEqual(await overflows(texts, 32, 1.15), []));
});
