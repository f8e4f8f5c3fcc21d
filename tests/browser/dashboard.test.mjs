// The analyst's stories: every number is the API's, every view is usable by mouse and by keyboard, axe finds nothing, and
// nothing that a visitor wrote becomes code.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ADA, ANA, ATTACK, LONG, PIA, TOKENS, ZONE, ask, eventually, numberOf, open, settled, startBrowser, startServer, stopBrowser } from './dashboard.mjs';

const AXE = readFileSync(fileURLToPath(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url)), 'utf8');
const VIEWS = ['traffic', 'paths', 'funnel', 'consent'];
const STEPS = encodeURIComponent('page:/\npage:/shoes\npage:/cart\nevent:Order');
const REFUSED = [/status of 401/], GONE = [/ERR_CONNECTION_REFUSED|Failed to load resource|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/, /status of 401/];

let server;
before(async () => {
    await startBrowser();
    server = await startServer();
});
after(async () => {
    await stopBrowser();
    await server?.end();
});

const query = (more) => ask(server, '/api/v2/query', { site_id: 'shop', date_range: '30d', ...more });
const hashOf = (page) => page.evaluate(() => location.hash);
const card = (page, name) => page.locator(`[data-card="${name}"]`);
const value = async (page, metric) => numberOf(await page.locator(`.topline [data-metric="${metric}"]`).innerText());
const button = (page, name) => page.getByRole('button', { name, exact: true });
const pick = async (page, label, option) => {
    await page.getByRole('combobox', { name: label, exact: true }).selectOption(option);
    await settled(page);
};

describe('signing in', { timeout: 120_000 }, () => {
    it('takes a token that is typed, by keyboard alone, and keeps the address', () =>
        open(server, { who: null, hash: 'site=shop&view=paths', expected: REFUSED }, async ({ page, context }) => {
            await page.getByLabel('Token').fill('nobody');
            await page.keyboard.press('Enter');
            await page.getByRole('alert').filter({ hasText: 'knows no such token' }).waitFor();
            await page.getByLabel('Token').fill(ANA.text);
            await page.keyboard.press('Enter');
            await page.getByRole('heading', { name: 'How visits move' }).waitFor();
            const [cookie] = await context.cookies();
            assert.deepEqual([cookie.name, cookie.httpOnly, cookie.sameSite], ['crumb_session', true, 'Strict']);
            assert.equal(await page.evaluate(() => document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage })), '{}');
            await button(page, 'Sign out').click();
            await page.getByText('You have signed out.').waitFor();
            assert.deepEqual(await context.cookies(), []);
        }));

    it('takes a link, whose token is gone from the address and the history', () =>
        open(server, { hash: 'site=shop&period=7d' }, async ({ page }) => {
            assert.equal(await hashOf(page), '#site=shop&period=7d');
            await page.reload();
            await page.locator('.topline .value').first().waitFor();
            assert.ok(!page.url().includes('token'));
        }));

    it('says what a link that is no good is', () =>
        open(server, { who: { text: 'nobody' }, expected: REFUSED }, async ({ page }) => {
            await page.getByText('The link did not sign you in. This server knows no such token.').waitFor();
        }));
});

describe('every number is the answer of the API', { timeout: 240_000 }, () => {
    it('in the top line, with what it was before', () =>
        open(server, {}, async ({ page }) => {
            const metrics = ['visitors', 'visits', 'pageviews', 'views_per_visit', 'bounce_rate', 'visit_duration', 'coverage'];
            const { results: [row] } = await query({ metrics, include: { comparison: { mode: 'previous_period' } } });
            for (const [i, metric] of metrics.entries()) {
                assert.equal(await value(page, metric), row.metrics[i], metric);
                const tile = await page.locator('button.tile', { has: page.locator(`[data-metric="${metric}"]`) }).innerText();
                const before = /before (\S+(?: \d+s)?)/.exec(tile)[1];
                assert.equal(numberOf(before), row.comparison.metrics[i], `${metric} before`);
                const change = Number(/[+−]?[\d.,]+(?=%| pts)/.exec(tile.split('\n').find((part) => /^(?:[▲▼] )?[+−]?[\d.,]+(?:%| pts)$/.test(part) && part !== tile.split('\n')[1]) ?? '0')[0].replace('−', '-').replace(',', ''));
                assert.equal(change, row.comparison.change[i], `${metric}: ${tile}`);
            }
            assert.ok(row.metrics[0] > 50 && row.metrics[6] < 100);
        }));

    it('in the chart, step by step, in all metrics and steps, with the comparison', () =>
        open(server, {}, async ({ page }) => {
            for (const [metric, title, by] of [['visitors', 'Visitors', 'day'], ['bounce_rate', 'Bounce rate', 'week'], ['coverage', 'Coverage', 'month']]) {
                await page.locator('button.tile', { hasText: title }).click();
                await button(page, by).click();
                await settled(page);
                await page.locator('.key.then').waitFor();
                const now = await query({ metrics: [metric], dimensions: [`time:${by}`], include: { time_labels: true } });
                const { meta: { comparison_date_range: range } } = await query({ metrics: [metric], include: { comparison: { mode: 'previous_period' } } });
                const then = await query({ metrics: [metric], dimensions: [`time:${by}`], date_range: range, include: { time_labels: true } });
                const wanted = ({ results, meta }) => meta.time_labels.map((label) => results.find(({ dimensions }) => dimensions[0] === label)?.metrics[0] ?? (metric === 'visitors' ? 0 : null));
                await button(page, 'Table').click();
                const cells = await page.getByRole('dialog').locator('tbody tr').evaluateAll((rows) => rows.map((row) => [...row.children].map(({ textContent }) => textContent)));
                assert.deepEqual(cells.map(([, text]) => numberOf(text)), wanted(now), `${metric} by ${by}`);
                assert.deepEqual(cells.filter(([, , label]) => label).map(([, , , text]) => numberOf(text)), wanted(then).slice(0, cells.length), `${metric} by ${by}, before`);
                await page.keyboard.press('Escape');
            }
        }));

    it('in every list', () =>
        open(server, {}, async ({ page }) => {
            const lists = {
                sources: [['Sources', 'visit:source'], ['Channels', 'visit:channel'], ['Referrers', 'visit:referrer'], ['Campaigns', 'visit:utm_campaign']],
                pages: [['Pages', 'event:page'], ['Entries', 'visit:entry_page'], ['Exits', 'visit:exit_page']],
                places: [['Countries', 'visit:country'], ['Regions', 'visit:region_name'], ['Cities', 'visit:city']],
                devices: [['Devices', 'visit:device'], ['Browsers', 'visit:browser'], ['Systems', 'visit:os'], ['Languages', 'visit:language'], ['Screens', 'visit:screen']],
                acts: [['Events', 'event:name', ['events', 'visitors']], ['Goals', 'event:goal', ['visitors', 'conversion_rate']], ['Clicks', 'event:target', ['events', 'visitors'], [['is', 'event:name', ['click']]]]],
            };
            for (const [name, tabs] of Object.entries(lists))
                for (const [title, dimension, metrics = ['visitors', 'percentage'], filters = []] of tabs) {
                    await card(page, name).getByRole('tab', { name: title, exact: true }).click();
                    await settled(page);
                    const { results } = await query({ metrics, dimensions: [dimension], filters, pagination: { limit: 9 } });
                    const rows = await card(page, name).locator('.row').evaluateAll((all) => all.map((row) => [row.dataset.key, ...[...row.querySelectorAll('.n')].map(({ textContent }) => textContent)]));
                    assert.deepEqual(rows.map(([key, ...texts]) => [key, ...texts.map(numberOf)]), results.map((row) => [row.dimensions[0], ...row.metrics]), title);
                }
        }));

    it('on the map, where a square filters', () =>
        open(server, {}, async ({ page }) => {
            const { results } = await query({ metrics: ['visitors'], dimensions: ['visit:country'] });
            for (const { dimensions: [code], metrics: [visitors] } of results.filter(({ dimensions: [code] }) => code))
                assert.match(await page.locator(`[data-country="${code}"] title`).textContent(), new RegExp(`: ${visitors} visitors?$`));
            await page.locator('[data-country="JP"] rect').click();
            await settled(page);
            assert.match(await hashOf(page), /f=is,visit%3Acountry,JP/);
            assert.equal(await value(page, 'visitors'), (await query({ metrics: ['visitors'], filters: [['is', 'visit:country', ['JP']]] })).results[0].metrics[0]);
        }));

    it('in the details, which are searched, ordered and downloaded', () =>
        open(server, {}, async ({ page }) => {
            await card(page, 'pages').getByRole('button', { name: /^Pages: / }).click();
            const dialog = page.getByRole('dialog');
            await settled(page);
            const metrics = ['visitors', 'percentage', 'pageviews', 'bounce_rate', 'time_on_page', 'scroll_depth'];
            const cells = () => dialog.locator('tbody tr').evaluateAll((rows) => rows.map((row) => [...row.children].map(({ textContent }) => textContent)));
            const compare = async (more) => {
                await settled(page);
                const { results } = await query({ metrics, dimensions: ['event:page'], pagination: { limit: 100 }, ...more });
                assert.deepEqual((await cells()).map(([name, ...texts]) => [name, ...texts.map(numberOf)]), results.map((row) => [row.dimensions[0], ...row.metrics]));
            };
            await compare({});
            await dialog.getByRole('button', { name: 'Page views' }).click();
            await compare({ order_by: [['pageviews', 'desc']] });
            await dialog.getByRole('searchbox').fill('SHO');
            await eventually('the search', async () => (await cells()).length === 1);
            await compare({ filters: [['contains', 'event:page', ['sho'], { case_sensitive: false }]] });
            const [download] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('button', { name: 'CSV' }).click()]);
            assert.equal(download.suggestedFilename(), 'shop-pages.csv');
            const body = { site_id: 'shop', date_range: '30d', metrics, dimensions: ['event:page'], order_by: [['pageviews', 'desc']], filters: [['contains', 'event:page', ['sho'], { case_sensitive: false }]] };
            assert.equal(readFileSync(await download.path(), 'utf8'), await ask(server, '/api/v2/query', body, { accept: 'text/csv' }));
            await dialog.getByRole('searchbox').fill('nothing at all');
            await dialog.getByText('Nothing has').waitFor();
        }));

    it('of who is there now', () =>
        open(server, {}, async ({ page }) => {
            const times = [new Date(Date.now() - 300_000), new Date()].map((time) => time.toISOString());
            const { results: [row] } = await ask(server, '/api/v2/query', { site_id: 'shop', metrics: ['visitors'], date_range: times });
            assert.equal(numberOf(await page.locator('#live').innerText()), row.metrics[0]);
        }));

    it('in paths, funnels, consents and the books', () =>
        open(server, { hash: 'site=shop&view=paths&steps=3' }, async ({ page }) => {
            const body = { site_id: 'shop', date_range: '30d' };
            const paths = await ask(server, '/api/v2/paths', { ...body, steps: 3, limit: 50 });
            const first = await page.locator('.node').evaluateAll((nodes) => nodes.filter(({ dataset }) => dataset.key.startsWith('0 ')).map((node) => [node.querySelector('b').textContent, Number(node.dataset.visits)]));
            assert.deepEqual(first, paths.steps[0].nodes.map(({ name, visits }) => [name, visits]));
            await page.goto(page.url().replace(/#.*/, `#site=shop&view=funnel&steps=${STEPS}`));
            await page.locator('.funnel').waitFor();
            const funnel = await ask(server, '/api/v2/funnel', { ...body, steps: [{ page: '/' }, { page: '/shoes' }, { page: '/cart' }, { event: 'Order' }] });
            const steps = await page.locator('.funnel li').allInnerTexts();
            for (const [i, step] of funnel.steps.entries()) {
                assert.ok(steps[i].includes(`${step.visits} visits, ${step.visitors} visitors`), steps[i]);
                assert.ok(steps[i].includes(`${step.conversion_rate.toFixed(2)}%`), steps[i]);
                if (i) assert.ok(steps[i].includes(`lost ${step.drop_off}, ${step.step_conversion_rate.toFixed(2)}% went on`), steps[i]);
            }
            await page.goto(page.url().replace(/#.*/, '#site=shop&view=consent'));
            await page.locator('[data-book="stored"]').waitFor();
            await settled(page);
            const { results: [row] } = await ask(server, '/api/v2/consents?site_id=shop&date_range=30d');
            for (const count of ['shown', 'accepted', 'refused', 'custom', 'ignored', 'withdrawn'])
                assert.equal(numberOf(await page.locator(`[data-count="${count}"]`).innerText()), row[count], count);
            const { total } = await ask(server, '/api/v2/coverage?site_id=shop&date_range=30d');
            const told = await page.locator('[data-book]').evaluateAll((all) => Object.fromEntries(all.map((one) => [one.dataset.book, Number(one.querySelector('.n').textContent.replace(/,/g, ''))])));
            assert.deepEqual(told, { received: total.received, stored: total.stored, ...total.dropped });
            assert.equal(total.received, total.stored + Object.values(total.dropped).reduce((sum, n) => sum + n, 0));
            assert.ok(total.dropped.no_consent > 0);
            await page.locator('.counts code').first().click();
            await page.getByRole('dialog').getByText('Example Shop').first().waitFor();
        }));

    it('in the night in which the clock goes back', () =>
        open(server, { hash: 'site=shop&period=custom&from=2025-10-26&to=2025-10-26&by=hour&compare=none' }, async ({ page }) => {
            assert.equal(await value(page, 'pageviews'), 25);
            await page.locator('button.tile', { hasText: 'Page views' }).click();
            await settled(page);
            await button(page, 'Table').click();
            const cells = await page.getByRole('dialog').locator('tbody tr').allInnerTexts();
            assert.equal(cells.length, 24);
            assert.match(cells[2], /02:00\s+2$/);
            assert.match(cells[3], /03:00\s+1$/);
        }));
});

describe('with the mouse', { timeout: 120_000 }, () => {
    it('a value filters, the chip and the address say so, and back undoes it', () =>
        open(server, {}, async ({ page }) => {
            const all = await value(page, 'visitors');
            await card(page, 'sources').locator('.row', { hasText: 'Google' }).click();
            await page.locator('.chip', { hasText: 'Source is Google' }).waitFor();
            await settled(page);
            const some = (await query({ metrics: ['visitors'], filters: [['is', 'visit:source', ['Google']]] })).results[0].metrics[0];
            assert.equal(await value(page, 'visitors'), some);
            assert.ok(some < all);
            await page.goBack();
            await settled(page);
            await eventually('what was before', async () => (await value(page, 'visitors')) === all);
            await page.goForward();
            await page.locator('.chip').waitFor();
            await page.reload();
            await page.locator('.chip', { hasText: 'Google' }).waitFor();
            await settled(page);
            assert.equal(await value(page, 'visitors'), some);
            await page.getByRole('button', { name: /^Remove the filter/ }).click();
            await settled(page);
            await eventually('all of them', async () => (await value(page, 'visitors')) === all);
        }));

    it('clicks are told apart by what was clicked, and filter', () =>
        open(server, { hash: 'site=shop&acts=clicks' }, async ({ page }) => {
            const click = ['is', 'event:name', ['click']];
            const { results } = await query({ metrics: ['events'], dimensions: ['event:target'], filters: [click] });
            assert.deepEqual(results.map(({ dimensions: [target] }) => target).slice(0, 1), ['buy']);
            await card(page, 'acts').locator('.row', { hasText: 'buy' }).click();
            await page.locator('.chip', { hasText: 'Click is buy' }).waitFor();
            await settled(page);
            const { results: [row] } = await query({ metrics: ['visitors'], filters: [['is', 'event:target', ['buy']]] });
            assert.equal(await value(page, 'visitors'), row.metrics[0]);
            assert.ok(row.metrics[0] > 0);
            assert.deepEqual(await card(page, 'pages').locator('.row').evaluateAll((all) => all.map(({ dataset }) => dataset.key)), ['/cart']);
        }));

    it('days are chosen, moved and zoomed into, and compared with others', () =>
        open(server, {}, async ({ page }) => {
            await pick(page, 'Period', '7d');
            assert.equal(await value(page, 'visits'), (await query({ metrics: ['visits'], date_range: '7d' })).results[0].metrics[0]);
            await button(page, 'Earlier').click();
            await settled(page);
            const [, from, to] = /from=([\d-]+)&to=([\d-]+)/.exec(await hashOf(page));
            await eventually('the days before', async () => (await value(page, 'visits')) === (await query({ metrics: ['visits'], date_range: [from, to] })).results[0].metrics[0]);
            await pick(page, 'Comparison', 'none');
            assert.equal(await page.locator('.change').count(), 0);
            await pick(page, 'Comparison', 'year_over_year');
            await page.getByText('nothing to compare with').waitFor();
            assert.equal(await page.locator('.change').count(), 0);
            await pick(page, 'Comparison', 'previous_period');
            assert.equal(await page.locator('.change').count(), 7);
            await page.locator('.key.then').waitFor();
            const stage = await page.locator('.u-over').boundingBox();
            await page.mouse.click(stage.x + stage.width / 2, stage.y + 80);
            await page.waitForFunction(() => /from=([\d-]+)&to=\1/.test(location.hash));
            await page.getByRole('combobox', { name: 'Period' }).selectOption('custom');
            await page.getByLabel('First day').fill('2025-10-20');
            await page.getByLabel('Last day').fill('2025-10-26');
            await button(page, 'Show').click();
            await eventually('those days', async () => (await value(page, 'pageviews').catch(() => 0)) === 25);
        }));

    it('a filter is made in the dialog', () =>
        open(server, {}, async ({ page }) => {
            await button(page, '+ Filter').click();
            await page.getByRole('combobox', { name: 'How' }).selectOption('contains');
            await page.getByLabel('Value').fill('sho');
            await page.locator('#filter-values option[value="/shoes"]').waitFor({ state: 'attached' });
            await button(page, 'Add').click();
            await page.locator('.chip', { hasText: 'Page contains sho' }).waitFor();
            await settled(page);
            const { results: [row] } = await query({ metrics: ['pageviews'], filters: [['contains', 'event:page', ['sho'], { case_sensitive: false }]] });
            assert.equal(await value(page, 'pageviews'), row.metrics[0]);
        }));

    it('paths are followed from a page and back to it', () =>
        open(server, { hash: 'site=shop&view=paths' }, async ({ page }) => {
            await page.locator('.node', { hasText: '/shoes' }).first().click();
            await page.getByRole('dialog').getByText('They saw it for').waitFor();
            await button(page, 'Paths to here').click();
            await settled(page);
            assert.match(await hashOf(page), /end=%2Fshoes/);
            const { visits } = await ask(server, '/api/v2/paths', { site_id: 'shop', date_range: '30d', end: '/shoes', direction: 'backward' });
            assert.equal(await page.locator('.node[data-key="0 0"]').getAttribute('data-visits'), String(visits));
            await page.getByLabel('From the page').fill('/');
            await page.keyboard.press('Enter');
            await page.getByLabel('Counted').or(page.getByRole('combobox', { name: 'Direction' })).first().selectOption('forward');
            await settled(page);
            assert.match(await hashOf(page), /start=%2F/);
        }));

    it('programs are shown on request', () =>
        open(server, {}, async ({ page }) => {
            await button(page, 'Show them').click();
            await card(page, 'programs').getByText('No program was seen').waitFor();
        }));
});

describe('with the keyboard alone', { timeout: 120_000 }, () => {
    const focused = (page) => page.evaluate(() => document.activeElement.textContent.trim().slice(0, 40) || document.activeElement.getAttribute('aria-label'));

    it('everything is reached, filtered, read and left', () =>
        open(server, {}, async ({ page }) => {
            await page.keyboard.press('Tab');
            assert.equal(await focused(page), 'To the figures');
            await page.keyboard.press('Enter');
            await page.keyboard.press('Tab');
            assert.match(await focused(page), /^Visitors/);
            await page.keyboard.press('Tab');
            await page.keyboard.press('Enter'); // visits
            await settled(page);
            assert.match(await hashOf(page), /metric=visits/);
            assert.match(await focused(page), /^Visits/);
            for (let i = 0; i < 20 && !(await page.evaluate(() => document.activeElement.classList.contains('stage'))); i++) await page.keyboard.press('Tab');
            await page.keyboard.press('ArrowLeft');
            const { results, meta } = await query({ metrics: ['visits'], dimensions: ['time:day'], include: { time_labels: true } });
            const last = results.find(({ dimensions }) => dimensions[0] === meta.time_labels.at(-1))?.metrics[0] ?? 0;
            await page.locator('.tip', { hasText: `Visits ${last}` }).waitFor();
            await page.keyboard.press('Tab'); // the first list's tabs
            await page.keyboard.press('ArrowRight');
            await settled(page);
            assert.equal(await focused(page), 'Channels');
            await page.keyboard.press('Tab');
            await page.keyboard.press('Enter');
            await page.locator('.chip').waitFor();
            await settled(page);
            assert.ok(await page.evaluate(() => document.activeElement.getAttribute('aria-pressed') === 'true'));
            await page.keyboard.press('0');
            await page.waitForFunction(() => !location.hash.includes('f='));
        }));

    it('shortcuts lead everywhere, are listed, and can be switched off', () =>
        open(server, {}, async ({ page }) => {
            for (const [key, pattern] of [['2', /view=paths/], ['3', /view=funnel/], ['4', /view=consent/], ['1', /^#site=shop$/], ['d', /period=day/], ['x', /compare=none/], ['ArrowLeft', /period=custom/], ['t', /^#site=shop&compare=none$/]]) {
                await page.keyboard.press(key);
                await settled(page);
                assert.match(await hashOf(page), pattern, key);
            }
            for (const [key, field] of [['f', 'What'], ['c', 'First day']]) {
                await page.keyboard.press(key);
                await page.getByRole('dialog').waitFor();
                assert.equal(await page.getByLabel(field, { exact: true }).evaluate((element) => element == document.activeElement), true, 'a dialog begins in its first field');
                await page.keyboard.press('Escape');
            }
            await page.keyboard.press('?');
            await page.getByRole('dialog').getByText('Last 7 days').waitFor();
            await page.getByRole('checkbox').focus();
            await page.keyboard.press('Space');
            await page.keyboard.press('Escape');
            await page.keyboard.press('2');
            assert.doesNotMatch(await hashOf(page), /view=paths/);
        }));

    it('a dialog keeps the focus, and gives it back', () =>
        open(server, {}, async ({ page }) => {
            const opener = card(page, 'sources').getByRole('button', { name: /^Sources: / });
            await opener.focus();
            await page.keyboard.press('Enter');
            await page.getByRole('dialog').waitFor();
            await settled(page);
            for (let i = 0; i < 30; i++) {
                await page.keyboard.press('Tab');
                assert.ok(await page.evaluate(() => document.activeElement === document.body || !!document.activeElement.closest('dialog')));
            }
            await page.keyboard.press('Escape');
            await page.waitForFunction(() => !document.querySelector('dialog'));
            assert.doesNotMatch(await hashOf(page), /open=/);
            assert.match(await page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? ''), /^Sources: /);
        }));

    it('a funnel is built', () =>
        open(server, { hash: 'site=shop&view=funnel' }, async ({ page }) => {
            await page.getByText('Name the pages or events').waitFor();
            await page.getByLabel('Step 1: which').focus();
            await page.keyboard.type('/');
            await page.keyboard.press('Tab');
            await page.getByLabel('Step 2: which').focus();
            await page.keyboard.type('/shoes');
            await page.keyboard.press('Enter');
            await settled(page);
            await page.locator('.funnel li').nth(1).waitFor();
            await button(page, '+ Step').focus();
            await page.keyboard.press('Enter');
            await page.getByLabel('Step 3: which').waitFor();
            assert.match(await hashOf(page), /steps=page%3A%2F%0Apage%3A%2Fshoes/);
        }));
});

describe('barriers', { timeout: 300_000 }, () => {
    async function assertNone(page, what) {
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
        assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.slice(0, 3).map(({ html, any }) => `${html.slice(0, 160)} ${any[0]?.message ?? ''}`)]), [], what);
    }

    for (const colorScheme of ['light', 'dark'])
        it(`are found by axe in no view and no dialog, ${colorScheme}`, () =>
            open(server, { colorScheme, bypassCSP: true }, async ({ page }) => {
                for (const view of VIEWS) {
                    await page.goto(page.url().replace(/#.*/, `#site=shop&view=${view}&f=is,visit%3Adevice,phone${view === 'funnel' ? `&steps=${STEPS}` : '&places=countries'}`));
                    await page.waitForTimeout(100);
                    await settled(page);
                    await assertNone(page, view);
                }
                await page.goto(page.url().replace(/#.*/, '#site=shop&places=map'));
                await settled(page);
                await assertNone(page, 'the map');
                await page.locator('.stage').focus();
                await page.keyboard.press('ArrowLeft');
                await assertNone(page, 'a point of the chart');
                for (const [what, act] of [['help', () => page.keyboard.press('?')], ['filter', () => page.keyboard.press('f')], ['days', () => page.keyboard.press('c')],
                    ['table', () => button(page, 'Table').click()], ['details', () => page.goto(page.url().replace(/#.*/, '#site=shop&open=pages'))]]) {
                    await act();
                    await page.getByRole('dialog').waitFor();
                    await settled(page);
                    await assertNone(page, what);
                    await page.keyboard.press('Escape');
                }
                await page.goto(page.url().replace(/#.*/, '#site=blog'));
                await page.getByText('Nobody who let themselves be counted').waitFor();
                await settled(page);
                await assertNone(page, 'an empty site');
                await button(page, 'All time').click();
                await page.locator('.chart-note').getByText('has come yet').waitFor();
                await page.locator('.chart-note').getByRole('button', { name: 'Consent' }).click();
                await page.getByText('No notice was shown or answered').waitFor();
                await settled(page);
                await assertNone(page, 'an empty consent view');
                await button(page, 'Sign out').click();
                await page.getByText('You have signed out.').waitFor();
                await assertNone(page, 'signing in');
            }));

    it('are none at 320 pixels: nothing is cut off, nothing scrolls sideways but what says so', () =>
        open(server, { viewport: { width: 320, height: 700 }, bypassCSP: true }, async ({ page }) => {
            for (const view of VIEWS) {
                await page.goto(page.url().replace(/#.*/, `#site=shop&view=${view}${view === 'funnel' ? `&steps=${STEPS}` : ''}`));
                await page.waitForTimeout(100);
                await settled(page);
                assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), view);
                await assertNone(page, view);
            }
        }));
});

describe('when something is wrong', { timeout: 180_000 }, () => {
    it('the privacy officer sees no statistics, and is told so', () =>
        open(server, { who: PIA, hash: 'site=shop&view=traffic' }, async ({ page }) => {
            await page.getByText('“Traffic” is for tokens of the role analyst or admin.').waitFor();
            assert.equal(await page.locator('.topline').count(), 0);
        }));

    it('a site that the token may not see is refused by name, and others are offered', () =>
        open(server, { who: ANA, hash: 'site=blog' }, async ({ page }) => {
            await page.getByText('This token may not see the site “blog”').waitFor();
            await button(page, 'Shop & <b>Sons</b>').click();
            await page.locator('.topline .value').first().waitFor();
        }));

    it('an address that makes no sense shows what it can', () =>
        open(server, { hash: 'site=shop&period=nonsense&metric=x&f=no,way&f=is&by=&view=none&%E0%A4%A&open=what' }, async ({ page }) => {
            await settled(page);
            assert.ok((await value(page, 'visitors')) > 0);
            for (const hash of ['period=custom&from=2026-13-45&to=x', 'period=custom&from=2026-02-31', 'compare=custom&before=x&until=y', 'by=minute']) {
                await page.goto('about:blank');
                await page.goto(`http://127.0.0.1:${server.private}/#site=shop&${hash}`);
                await page.locator('.topline .value').first().waitFor();
                await settled(page);
                assert.ok((await value(page, 'visitors')) > 0, hash);
                assert.equal(await page.locator('.problem').count(), 0, hash);
            }
        }));

    it('a question that is refused says why, and the rest goes on', () =>
        open(server, { hash: 'site=shop&f=is,visit%3Anonsense,x', expected: [/status of 400/] }, async ({ page }) => {
            await page.getByRole('alert').filter({ hasText: 'must be a dimension' }).first().waitFor();
            await page.getByRole('button', { name: /^Remove the filter/ }).click();
            await page.locator('.topline .value').first().waitFor();
        }));

    it('a session that ends asks to sign in, and goes on where it was', () =>
        open(server, { who: ANA, hash: 'site=shop&period=7d', expected: REFUSED }, async ({ page }) => {
            await server.reload({ ...server.config, tokens: [ADA.line] });
            await pick(page, 'Period', '30d');
            await page.getByText('Your session has ended').waitFor();
            await page.getByLabel('Token').fill(ADA.text);
            await page.keyboard.press('Enter');
            await page.locator('.topline .value').first().waitFor();
            assert.equal(await page.getByRole('combobox', { name: 'Period' }).inputValue(), '30d');
            await server.reload({ ...server.config, tokens: TOKENS });
        }));

    it('a server that goes away is said, what was there stays, and it goes on by itself', () =>
        open(server, { expected: GONE }, async ({ page }) => {
            const all = await value(page, 'visitors');
            // It comes back where it was.
            server.configure({ ...server.config, listen: { public: '127.0.0.1:0', private: `127.0.0.1:${server.private}` } });
            await server.stop();
            await page.keyboard.press('w');
            await page.getByText('The server does not answer. What you see may be old').waitFor();
            assert.equal(await value(page, 'visitors'), all);
            await server.launch();
            // Sessions live in memory, so the new one knows nobody.
            await page.getByText('Your session has ended').waitFor();
        }));
});

describe('what visitors write', { timeout: 180_000 }, () => {
    const hash = 'site=shop&period=day';

    it('stays text, in every list, dialog, drawing and suggestion', () =>
        open(server, { hash }, async ({ page }) => {
            const assertText = async (what) => {
                await settled(page);
                assert.deepEqual(await page.evaluate(() => [window.hacked, document.querySelectorAll('#app img, #app script, dialog img, dialog script').length]), [null, 0].map((one) => one ?? undefined), what);
            };
            let seen = 0;
            for (const tab of await page.getByRole('tab').all()) {
                await tab.click();
                await assertText(await tab.innerText());
                seen += await page.getByText('<img src=x', { exact: false }).count();
            }
            assert.ok(seen > 5, `the attack was shown ${seen} times`);
            for (const open of ['pages', 'entries', 'exits', 'referrers', 'campaigns', 'languages', 'events', 'clicks', 'sources']) {
                await page.goto(page.url().replace(/#.*/, `#${hash}&open=${open}`));
                await page.getByRole('dialog').waitFor();
                await assertText(open);
                await page.keyboard.press('Escape');
            }
            for (const dimension of ['event:page', 'event:name', 'event:target', 'visit:utm_source', 'visit:utm_medium', 'visit:utm_campaign', 'visit:utm_content', 'visit:utm_term', 'visit:referrer', 'visit:language', 'event:props:x']) {
                await page.goto(page.url().replace(/#.*/, `#${hash}&f=contains,${encodeURIComponent(dimension)},${encodeURIComponent(ATTACK)}`));
                await page.locator('.chip').waitFor();
                await assertText(dimension);
            }
            await page.goto(page.url().replace(/#.*/, `#${hash}&view=paths`));
            await page.locator('.node').first().waitFor();
            if (await page.locator('.node.fold').count()) await page.locator('.node.fold').first().click();
            await page.locator('.node', { hasText: 'img' }).first().click(); // paths are stored as browsers send them
            await assertText('a step of a path');
            await button(page, 'Filter by this page').click();
            await page.locator('.chip', { hasText: 'img' }).waitFor();
            await assertText('paths');
            await page.goto(page.url().replace(/#.*/, `#${hash}&view=funnel&steps=${encodeURIComponent(`page:/${ATTACK}\nevent:${ATTACK}`)}`));
            await page.locator('.funnel').waitFor();
            await assertText('a funnel');
            await page.keyboard.press('f');
            await page.getByLabel('Value').fill('img');
            await page.locator('#filter-values option').first().waitFor({ state: 'attached' });
            await assertText('suggestions');
            // And what would be code is not even made: the policy has no way to.
            const refused = await page.evaluate(() => {
                try {
                    document.createElement('p').innerHTML = '<b>x</b>';
                    return false;
                } catch (error) {
                    return error instanceof TypeError;
                }
            });
            assert.ok(refused, 'Trusted Types are required');
        }).catch((error) => {
            // The last proof makes the browser complain, and that alone.
            if (!/what the browser complained about/.test(error.message) || !/require-trusted-types-for/.test(JSON.stringify(error.actual)) || error.actual.some((line) => !/TrustedHTML|trusted-types/.test(line))) throw error;
        }));

    it('of 2,000 characters breaks nothing, and filters', () =>
        open(server, { hash }, async ({ page }) => {
            const row = card(page, 'pages').locator(`.row[data-key="${LONG}"]`);
            const found = (await row.count()) ? row : null;
            if (found) await found.click();
            else await page.goto(page.url().replace(/#.*/, `#${hash}&f=is,event%3Apage,${encodeURIComponent(LONG)}`));
            await page.locator('.chip').waitFor();
            await settled(page);
            assert.equal(await value(page, 'pageviews'), 1);
            assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
            assert.ok(await page.evaluate(() => document.querySelector('.toolbar').clientHeight < 80), 'filter and days stand side by side');
            await page.reload();
            await page.locator('.chip').waitFor();
            await settled(page);
            assert.equal(await value(page, 'pageviews'), 1);
            await page.setViewportSize({ width: 320, height: 700 });
            assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
        }));
});

describe('the time zone', { timeout: 60_000 }, () => {
    it('is the site’s, wherever the analyst is', () =>
        open(server, { hash: 'site=shop&period=yesterday', timezoneId: 'Pacific/Kiritimati' }, async ({ page }) => {
            const day = new Intl.DateTimeFormat('en-CA', { timeZone: ZONE }).format(new Date(Date.now() - 24 * 3600_000));
            assert.equal(await value(page, 'visits'), (await query({ metrics: ['visits'], date_range: [day, day] })).results[0].metrics[0]);
            assert.ok((await page.locator('footer').innerText()).includes(ZONE));
        }));
});
