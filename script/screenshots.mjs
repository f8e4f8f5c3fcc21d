// Makes the pictures of the README out of the demo: docs/img/dashboard.png, banner.png and privacy.png.
//
//     script/setup --test && node script/screenshots.mjs
//
// CHROMIUM names the browser. Each picture has a palette of its own of at most 256 colours, so that all of them together
// are small (BYTES_MAX).
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { shrink } from './png.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const PORT = 8190;
const BYTES_MAX = 300_000;

// The demo, once it says how to stop it: what it printed.
function startDemo() {
    const child = spawn('script/demo', ['--port', String(PORT)], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    const lines = [];
    return new Promise((give, fail) => {
        createInterface({ input: child.stdout }).on('line', (line) => {
            lines.push(line);
            if (/^ {2}Stop/.test(line)) give({ child, text: lines.join('\n') });
        });
        child.on('exit', (code) => fail(new Error(`script/demo ended with ${code}`)));
    });
}

// Headless Chromium says so, and crumb believes it: who visits the shop here would be in no figure.
async function startBrowser() {
    const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium', args = ['--no-sandbox', '--disable-gpu'];
    const headless = await chromium.launch({ executablePath, args });
    const [version] = headless.version().split('.');
    await headless.close();
    const agent = `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Safari/537.36`;
    return chromium.launch({ executablePath, args: [...args, `--user-agent=${agent}`] });
}

async function take(browser, name, { width, height, ...more }, act) {
    const context = await browser.newContext({
        viewport: { width, height }, reducedMotion: 'reduce', locale: 'en-GB', timezoneId: 'Europe/Berlin', ...more,
    });
    const page = await context.newPage();
    await act(page);
    await page.waitForTimeout(500);
    const png = shrink(await page.screenshot());
    await context.close();
    writeFileSync(`${root}docs/img/${name}.png`, png);
    process.stdout.write(`docs/img/${name}.png: ${png.length} bytes\n`);
    return png.length;
}

const settled = (page) => page.waitForFunction(() => document.querySelector('.topline .value') && !document.querySelector('[aria-busy], .skeleton'));

async function dashboard(page, link) {
    await page.goto(link);
    await settled(page);
    await page.locator('#live').waitFor();
}

async function banner(page, shop) {
    await page.goto(shop);
    await page.getByRole('dialog').waitFor();
}

async function privacy(page, shop, link) {
    await page.goto(`${shop}/loaf.html`);
    await page.getByRole('dialog').getByRole('button', { name: 'Accept', exact: true }).click();
    await page.locator('[data-sent="answers"] li').first().waitFor();
    await page.getByRole('button', { name: 'Add to basket' }).click();
    await page.waitForTimeout(800);
    await page.goto(link);
}

const { child, text } = await startDemo();
const address = (name) => new RegExp(`${name} +(http\\S+)`).exec(text)[1];
let browser;
try {
    mkdirSync(`${root}docs/img`, { recursive: true });
    browser = await startBrowser();
    const shop = address('The shop');
    const sizes = [
        await take(browser, 'banner', { width: 960, height: 600 }, (page) => banner(page, shop)),
        await take(browser, 'privacy', { width: 960, height: 760 }, (page) => privacy(page, shop, address('Your data'))),
        // Last, as whoever looked at her data is on the site now.
        await take(browser, 'dashboard', { width: 1240, height: 960 }, (page) => dashboard(page, address('The dashboard'))),
    ];
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    if (bytes > BYTES_MAX) throw new Error(`the pictures have ${bytes} bytes together, more than ${BYTES_MAX}`);
} finally {
    await browser?.close();
    child.removeAllListeners('exit');
    process.kill(-child.pid, 'SIGTERM');
}
