// The privacy officer's story and the administrator's: the queue is seen, a request is answered and its history grows; the
// audit trail says who did so, and that it is whole. With the mouse, with the keyboard alone, and with attackers' words.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ADA, ANA, ATTACK, PIA, TOKENS, ZONE, ask, eventually, open, settled, site, startBrowser, stopBrowser, Server } from './dashboard.mjs';
import { request } from '../http/client.mjs';

const AXE = readFileSync(fileURLToPath(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url)), 'utf8');
const TALL = { viewport: { width: 1280, height: 1400 } };

let server, numbers;
const config = (more = {}) => ({
    tokens: TOKENS,
    sites: { shop: site({ name: 'Shop', timezone: ZONE, ...more }), blog: site({ name: 'Blog' }) },
});

async function makeRequest(body) {
    const answer = await request(server.public, { method: 'POST', path: '/v1/me/requests', body: JSON.stringify({ site: 'shop', ...body }) });
    assert.equal(answer.status, 201, answer.text);
    return answer.json().request.number;
}

const officer = async (method, rest, body) =>
    (await request(server.private, { method, path: `/admin/requests${rest}`, headers: { authorization: `Bearer ${PIA.text}` }, body: body && JSON.stringify(body) })).json();
const queue = (more = '') => officer('GET', `?site_id=shop${more}`);
const trail = async (more = '') => (await ask(server, `/admin/audit?limit=1000${more}`)).records;

before(async () => {
    await startBrowser();
    server = new Server(config());
    await server.launch();
    numbers = {
        first: await makeRequest({ kind: 'access', text: 'What do you know about me?\nAll of it, please.', contact: 'ann@mail.example' }),
        attack: await makeRequest({ kind: 'complaint', text: `${ATTACK}\n\u202e${ATTACK}`, contact: ATTACK }),
        rtl: await makeRequest({ kind: 'erasure', text: 'احذفوا بياناتي من فضلكم' }),
        long: await makeRequest({ kind: 'other', text: 'x'.repeat(4096), contact: 'y'.repeat(254) }),
    };
});
after(async () => {
    await stopBrowser();
    await server?.end();
});

const button = (page, name) => page.getByRole('button', { name, exact: true });
const go = (page, hash) => page.goto(page.url().replace(/#.*/, `#${hash}`));
const one = (page) => page.getByRole('region', { name: 'The request' });
const shownRows = (page) => page.locator('.queue tbody tr').evaluateAll((rows) => rows.map((row) => ({
    number: Number(row.dataset.request), name: row.querySelector('a').textContent, made: row.querySelector('th time').dateTime,
    due: row.querySelector('td time').dateTime, left: row.querySelector('.badge')?.textContent ?? null, state: row.children[2].firstChild.textContent,
})));
const KINDS = { access: 'Access', complaint: 'Complaint', erasure: 'Erasure', other: 'Something else' };
const STATES = { open: 'Open', in_progress: 'In progress', answered: 'Answered', refused: 'Refused', withdrawn: 'Withdrawn' };
const rowOf = ({ number, kind, made, due, state, working_days_left: left }) =>
    ({ number, name: `#${number} ${KINDS[kind]}`, made, due, left: left === null ? null : `${left} working days left`, state: STATES[state] });

async function assertSame(page, more) {
    await settled(page);
    const { open: n, soon, overdue, requests } = await queue(more);
    assert.deepEqual(await shownRows(page), requests.map(rowOf));
    const counts = await page.locator('[data-count]').evaluateAll((all) => all.map((count) => [count.dataset.count, Number(count.textContent)]));
    assert.deepEqual(counts, [['open', n], ['soon', soon], ['overdue', overdue]]);
}

describe('the privacy officer', { timeout: 240_000 }, () => {
    it('sees the queue at once, as the interface tells it, and no view of others', () =>
        open(server, { who: PIA, hash: 'site=shop' }, async ({ page }) => {
            assert.equal(await page.evaluate(() => location.hash), '#site=shop&view=requests');
            await assertSame(page);
            assert.deepEqual(await page.getByRole('navigation').getByRole('link').allInnerTexts(), ['Requests']);
            assert.equal((await shownRows(page))[0].left, '10 working days left');
            assert.equal(await page.locator('.toolbar').isVisible(), false);
            assert.equal(await page.locator('#live').count(), 0);
        }));

    it('reads one, which goes on record once, takes it up and answers it, and the history grows', () =>
        open(server, { who: PIA, hash: 'site=shop', ...TALL }, async ({ page }) => {
            const reads = async () => (await trail('&act=request_read')).length;
            const before = await reads();
            await page.getByRole('link', { name: `#${numbers.first} Access` }).click();
            await one(page).getByText('What do you know about me?').waitFor();
            await settled(page);
            assert.equal(await reads(), before + 1);
            assert.equal(await page.locator('.contact').innerText(), 'ann@mail.example');
            assert.equal(await one(page).locator('.history li').count(), 1);
            await page.getByLabel('Take it up').check();
            await page.getByLabel('A note for officers').fill('I ask the warehouse.');
            await button(page, 'Take it up').click();
            await page.getByText('Done: Take it up.').waitFor();
            await assertSame(page);
            assert.equal((await shownRows(page)).find(({ number }) => number === numbers.first).state, 'In progress');
            await page.getByLabel('Answer, and close').check();
            await page.getByLabel('Your words').fill('All that we know is on\nthe privacy page.');
            await button(page, 'Answer, and close').click();
            await page.getByText('Done: Answer, and close.').waitFor();
            await assertSame(page);
            assert.ok((await shownRows(page)).every(({ number }) => number !== numbers.first), 'nobody waits for it any more');
            const { history } = await officer('GET', `/${numbers.first}?site_id=shop`);
            assert.deepEqual(history.map(({ state, name, answer, note }) => [state, name, answer, note]), [
                ['open', null, null, null], ['in_progress', 'pia', null, 'I ask the warehouse.'],
                ['answered', 'pia', 'All that we know is on\nthe privacy page.', null]]);
            const steps = await one(page).locator('.history li').evaluateAll((all) => all.map((step) => [step.querySelector('b').textContent, step.querySelector('time').dateTime, step.querySelector('.said')?.textContent ?? null]));
            assert.deepEqual(steps, history.map((step, i) => [['Asked', 'In progress', 'Answered'][i], step.time, step.answer ?? step.note]));
            const moved = (await trail('&act=request_moved')).slice(0, 2).map(({ name, object, details }) => [name, object, details]);
            assert.deepEqual(moved, [['pia', `request ${numbers.first}`, 'in_progress to answered, with an answer'], ['pia', `request ${numbers.first}`, 'open to in_progress, with a note']]);
            await page.getByRole('combobox', { name: 'Show' }).selectOption('answered');
            await assertSame(page, '&state=answered');
            assert.match(await page.evaluate(() => location.hash), /list=answered/);
            await page.goBack();
            await assertSame(page);
            await page.reload();
            await one(page).getByText('What do you know about me?').waitFor();
        }));

    it('does it with the keyboard alone, and the focus goes where the work is', () =>
        open(server, { who: PIA, hash: 'site=shop', ...TALL }, async ({ page }) => {
            const no = await makeRequest({ kind: 'complaint', text: 'By keyboard, please.' });
            await page.reload();
            await settled(page);
            const focused = () => page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.getAttribute('aria-label'));
            const tabTo = async (name) => {
                for (let i = 0; i < 40; i++) {
                    await page.keyboard.press('Tab');
                    if ((await focused()) === name) return;
                }
                assert.fail(`Tab does not lead to “${name}”`);
            };
            await tabTo(`#${no} Complaint`);
            await page.keyboard.press('Enter');
            await one(page).getByText('By keyboard, please.').waitFor();
            assert.equal(await focused(), `#${no} Complaint`);
            assert.equal(await page.evaluate(() => document.activeElement.localName), 'h2');
            await page.keyboard.press('Tab'); // close
            await page.keyboard.press('Tab'); // what to do
            await page.keyboard.press('ArrowDown');
            await page.keyboard.press('Tab');
            await page.keyboard.type('5 times no.'); // a shortcut's key among others
            await page.keyboard.press('Tab');
            assert.equal(await focused(), 'Refuse, and close');
            await page.keyboard.press('Enter');
            await page.getByText('Done: Refuse, and close.').waitFor();
            assert.equal(await page.evaluate(() => document.activeElement.localName), 'h2');
            const { state, history } = await officer('GET', `/${no}?site_id=shop`);
            assert.deepEqual([state, history.at(-1).answer], ['refused', '5 times no.']);
            await page.getByRole('combobox', { name: 'Show' }).focus();
            await page.keyboard.press('End'); // All
            await settled(page);
            await assertSame(page, '&state=all');
            await button(page, 'Close the request').focus();
            await page.keyboard.press('Enter');
            await page.waitForFunction(() => !location.hash.includes('request='));
            assert.equal(await focused(), `#${no} Complaint`);
            await page.keyboard.press('?');
            const help = await page.getByRole('dialog').locator('dd').allInnerTexts();
            assert.deepEqual(help, ['Requests', 'This help', 'Close a dialog'], 'no key acts on what is not there');
        }));

    it('is offered what the state allows, and must give reasons', () =>
        open(server, { who: PIA, hash: `site=shop&view=requests&request=${numbers.rtl}`, ...TALL, expected: [/status of 409/] }, async ({ page }) => {
            const offered = () => one(page).getByRole('radio').evaluateAll((all) => all.map(({ value }) => value));
            await settled(page);
            assert.deepEqual(await offered(), ['answer', 'refuse', 'take', 'write', 'note']);
            await button(page, 'Answer, and close').click();
            assert.equal(await page.evaluate(() => document.querySelector('textarea').validity.valueMissing), true);
            await page.locator('textarea').fill('   ');
            await button(page, 'Answer, and close').click();
            await page.getByText('Write something first.').waitFor();
            await page.locator('textarea').fill('é'.repeat(2049));
            await page.getByText('2 bytes too long').waitFor();
            assert.equal(await page.evaluate(() => document.querySelector('form').checkValidity()), false);
            await page.locator('textarea').fill('A draft stays');
            await page.getByRole('link', { name: `#${numbers.long} Something else` }).click();
            await one(page).getByRole('heading', { name: `#${numbers.long}` }).waitFor();
            await settled(page);
            assert.equal(await page.locator('textarea').inputValue(), '');
            await page.goBack();
            await one(page).getByRole('heading', { name: `#${numbers.rtl}` }).waitFor();
            await settled(page);
            assert.equal(await page.locator('textarea').inputValue(), 'A draft stays');
            // Somebody else answers it meanwhile.
            await officer('POST', `/${numbers.rtl}?site_id=shop`, { version: 1, state: 'answered', answer: 'Done.' });
            await page.getByLabel('Refuse, and close').check();
            await button(page, 'Refuse, and close').click();
            await page.getByText('What you wrote is still here.').waitFor();
            await button(page, 'Read the request again').click();
            await one(page).locator('.history li').nth(1).waitFor();
            await settled(page);
            assert.deepEqual(await offered(), ['note', 'write', 'take']);
            assert.equal(await page.locator('textarea').inputValue(), 'A draft stays');
            await page.getByLabel('Take it up again').check();
            await page.locator('textarea').fill('');
            await button(page, 'Take it up again').click();
            await page.getByText('Done: Take it up again.').waitFor();
            assert.deepEqual(await offered(), ['answer', 'refuse', 'write', 'note']);
        }));

    it('loses no words when the session ends, nor without being asked when the page is left', () =>
        open(server, { who: PIA, hash: `site=shop&view=requests&request=${numbers.rtl}`, ...TALL, expected: [/status of 401/] }, async ({ page }) => {
            await page.getByLabel('Note something').check();
            await page.locator('textarea').focus();
            await page.keyboard.type('Half a thought');
            await server.reload({ ...config(), tokens: [ADA.line] });
            await button(page, 'Note something').click();
            await page.getByText('Your session has ended').waitFor();
            await server.reload(config());
            await page.getByLabel('Token').fill(PIA.text);
            await page.keyboard.press('Enter');
            await one(page).getByText('احذفوا').waitFor();
            await settled(page);
            assert.equal(await page.locator('textarea').inputValue(), 'Half a thought');
            assert.equal(await page.getByLabel('Note something').isChecked(), true);
            assert.equal(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage })), '{}', 'it is kept nowhere else');
            await page.keyboard.press('Tab');
            const [dialog] = await Promise.all([page.waitForEvent('dialog'), page.close({ runBeforeUnload: true })]);
            assert.equal(dialog.type(), 'beforeunload');
            await dialog.dismiss();
        }));

    it('sees what is due soon, today and overdue', () =>
        open(server, { who: PIA, hash: 'site=shop' }, async ({ page }) => {
            // Nothing can be made long ago: the answer is what it will be by then.
            const later = { site: 'shop', state: 'open', kind: 'access', made: '2026-03-02T08:00:00Z', changed: '2026-03-02T08:00:00Z', due: '2026-03-16' };
            const rows = [['overdue', -12], ['overdue', -1], ['overdue', 0], ['soon', 0], ['soon', 1], ['later', 4]]
                .map(([urgency, working_days_left], i) => ({ ...later, number: i + 1, urgency, working_days_left }));
            await page.route('**/admin/requests?*', (route) => route.fulfill({ json: { open: 6, soon: 2, overdue: 3, requests: rows, next: null } }));
            await page.reload();
            await settled(page);
            assert.deepEqual((await shownRows(page)).map(({ left }) => left),
                ['12 working days late', '1 working day late', 'late', 'due today', '1 working day left', '4 working days left']);
            assert.deepEqual(await page.locator('[data-count]').allInnerTexts(), ['6', '2', '3']);
            const colour = (at) => page.locator('.badge').nth(at).evaluate((badge) => getComputedStyle(badge).backgroundColor);
            assert.equal(new Set([await colour(0), await colour(3), await colour(5)]).size, 3, 'they differ at sight');
        }));

    it('goes through long queues by pages', () =>
        open(server, { who: PIA, hash: 'site=shop&list=all' }, async ({ page }) => {
            for (let i = 0; i < 50; i += 10) await Promise.all(Array.from({ length: 10 }, () => makeRequest({ kind: 'other', text: 'again' })));
            await page.reload();
            await assertSame(page, '&state=all&limit=50');
            await button(page, 'More').click();
            await page.waitForFunction(() => location.hash.includes('offset=50'));
            await eventually('the second page', async () => (await shownRows(page)).at(-1)?.number === 1);
            await assertSame(page, '&state=all&limit=50&offset=50');
            await button(page, 'To the first').click();
            await eventually('the first page', async () => (await shownRows(page)).length === 50);
        }));

    it('is told of a site where nobody asked', () =>
        open(server, { who: ADA, hash: 'site=blog&view=requests' }, async ({ page }) => {
            await page.getByText('Nobody waits for an answer.').waitFor();
            await page.getByRole('combobox', { name: 'Show' }).selectOption('all');
            await page.getByText('Nobody has asked for anything yet.').waitFor();
        }));

    it('is told what is wrong with an address, and nothing waits for ever', () =>
        open(server, { who: ADA, hash: 'site=shop&view=requests&offset=-5', expected: [/status of 400/] }, async ({ page }) => {
            await page.getByRole('alert').filter({ hasText: 'offset: must be' }).waitFor();
            await settled(page);
        }));
});

describe('the administrator', { timeout: 240_000 }, () => {
    const records = (page) => page.locator('.trail li').evaluateAll((all) => all.map((line) => ({
        sequence: Number(line.dataset.record), time: line.querySelector('time').dateTime, who: line.querySelector('.who').textContent,
        object: line.querySelector('.what bdi').textContent, site: line.querySelector('.code')?.textContent ?? null, details: line.querySelector('.what .small')?.textContent ?? null,
    })));
    const lineOf = ({ sequence, time, actor, name, object, site: of, details }) => ({ sequence, time, who: `${name} (${actor})`, object: object ?? '', site: of, details });

    it('sees the trail, the newest first, that it is whole, and goes through it by pages and acts', () =>
        open(server, { who: ADA, hash: 'site=shop', ...TALL }, async ({ page }) => {
            for (let i = 0; i < 60; i++) await officer('GET', `/${numbers.first}?site_id=shop`);
            await page.getByRole('link', { name: 'Audit' }).click();
            await settled(page);
            const all = await trail();
            assert.deepEqual(await records(page), all.slice(0, 50).map(lineOf));
            assert.match(await page.locator('.chain').innerText(), new RegExp(`The trail is whole\\s+All ${all.length} records follow`));
            await button(page, 'Older').click();
            await page.waitForFunction(() => location.hash.includes('before='));
            await eventually('older ones', async () => (await records(page))[0].sequence === all[50].sequence);
            assert.deepEqual(await records(page), all.slice(50, 100).map(lineOf));
            await button(page, 'Newest').click();
            await eventually('the newest', async () => (await records(page))[0].sequence === all[0].sequence);
            await page.getByRole('combobox', { name: 'Act' }).selectOption('request_moved');
            await eventually('that act', async () => (await records(page)).length === (await trail('&act=request_moved')).length);
            await settled(page);
            assert.deepEqual(await records(page), (await trail('&act=request_moved')).map(lineOf));
            await page.getByRole('combobox', { name: 'Act' }).selectOption('configured');
            await page.getByRole('combobox', { name: 'Where' }).selectOption('site');
            await page.getByText('There is no record of “Configuration in force”.').waitFor();
            assert.match(await page.evaluate(() => location.hash), /act=configured&where=site/);
            const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: /^Save the newest/ }).click()]);
            assert.equal(readFileSync(await download.path(), 'utf8'), '');
        }));

    it('opens a record with the keyboard: its hashes and its signature are there', () =>
        open(server, { who: ADA, hash: 'site=shop&view=requests' }, async ({ page }) => {
            await page.keyboard.press('6');
            await settled(page);
            const [last] = await trail();
            await page.locator('.trail .no').first().focus();
            await page.keyboard.press('Enter');
            const dialog = page.getByRole('dialog');
            for (const text of [last.hash, last.previous, last.signature, last.time]) await dialog.getByText(text).waitFor();
            assert.match(await page.evaluate(() => location.hash), new RegExp(`open=${last.sequence}`));
            await page.keyboard.press('Escape');
            await page.waitForFunction(() => !location.hash.includes('open='));
            assert.equal(await page.evaluate(() => document.activeElement.dataset.key), `record ${last.sequence}`);
            await go(page, 'site=shop&view=audit&open=999999');
            await dialog.getByText('There is no such record').waitFor();
        }));

    it('is told where a trail is broken, and how far it was looked at', () =>
        open(server, { who: ADA, hash: 'site=shop' }, async ({ page }) => {
            const answers = [{ good: true, checked: 2000, records: 4500, wrong: null, next: 2000 }, { good: true, checked: 4000, records: 4500, wrong: null, next: 4000 },
                { good: false, checked: 4199, records: 4500, wrong: 4200, why: 'its content does not match its hash', next: null }];
            const asked = [];
            await page.route('**/admin/audit/check?*', (route) => {
                asked.push(new URL(route.request().url()).searchParams.get('after'));
                return route.fulfill({ json: answers[asked.length - 1] });
            });
            await page.keyboard.press('6');
            await page.getByText('The first 2,000 of 4,500 records follow one another').waitFor();
            assert.deepEqual(asked, ['0']);
            await button(page, 'Look at the rest').click();
            await page.getByText('Record 4,200 is wrong: its content does not match its hash.').waitFor();
            assert.equal(await page.locator('[data-chain="broken"]').innerText(), 'The trail is broken');
            assert.deepEqual(asked, ['0', '2000', '4000']);
        }));
});

describe('the wrong role', { timeout: 120_000 }, () => {
    for (const [who, hash, title, roles, may] of [
        [ANA, 'site=shop&view=requests', 'Requests', 'privacy or admin', ['Traffic', 'Paths', 'Funnels', 'Consent']],
        [ANA, 'site=shop&view=audit&before=7', 'Audit', 'admin', ['Traffic', 'Paths', 'Funnels', 'Consent']],
        [PIA, 'site=shop&view=traffic', 'Traffic', 'analyst or admin', ['Requests']],
        [PIA, 'site=shop&view=audit', 'Audit', 'admin', ['Requests']],
    ])
        it(`${who.line.role} is told so of ${title}, and asks for nothing`, () =>
            open(server, { who, hash }, async ({ page }) => {
                const n = (await trail('&act=refused')).length;
                await page.getByText(`“${title}” is for tokens of the role ${roles}. You are signed in as ${who.line.name}, whose role is ${who.line.role}.`).waitFor();
                assert.deepEqual(await page.locator('main').getByRole('button').allInnerTexts(), may);
                assert.deepEqual(await page.getByRole('navigation').getByRole('link').allInnerTexts(), may);
                for (const key of ['f', 'd', 'x', 'c']) await page.keyboard.press(key);
                assert.equal(await page.getByRole('dialog').count(), 0);
                assert.equal((await trail('&act=refused')).length, n);
                await page.locator('main').getByRole('button', { name: may[0] }).click();
                await settled(page);
                assert.equal(await page.getByText('is for tokens of the role').count(), 0);
            }));

    it('gets nothing by asking itself, and a session’s step needs the page’s own origin', () =>
        open(server, { who: PIA, hash: 'site=shop' }, async ({ page, context }) => {
            const [cookie] = await context.cookies();
            const asked = (method, path, headers = {}) => request(server.private, { method, path, body: method === 'POST' ? JSON.stringify({ version, note: 'forged' }) : undefined, headers: { cookie: `${cookie.name}=${cookie.value}`, ...headers } });
            const path = `/admin/requests/${numbers.attack}?site_id=shop`, { version } = await officer('GET', `/${numbers.attack}?site_id=shop`);
            for (const headers of [{}, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { origin: 'http://evil.example' }, { origin: 'null' }])
                (await asked('POST', path, headers)).error(403);
            assert.equal((await asked('POST', path, { 'sec-fetch-site': 'same-origin' })).status, 200);
            (await asked('GET', '/admin/audit')).error(403);
            (await asked('GET', '/admin/audit/check')).error(403);
            (await asked('GET', '/admin/requests?site_id=blog')).error(403);
            assert.deepEqual((await officer('GET', `/${numbers.attack}?site_id=shop`)).history.filter(({ note }) => note === 'forged').length, 1);
        }));
});

describe('what whoever asked wrote', { timeout: 120_000 }, () => {
    const assertText = async (page, what) => {
        await settled(page);
        assert.deepEqual(await page.evaluate(() => [window.hacked ?? 0, document.querySelectorAll('#app img, #app script, dialog img, dialog script').length]), [0, 0], what);
    };

    it('stays text, in the request, its answers and the trail', () =>
        open(server, { who: ADA, hash: `site=shop&view=requests&list=all&offset=50&request=${numbers.attack}`, ...TALL }, async ({ page }) => {
            await assertText(page, 'the request');
            assert.equal(await page.locator('.said').first().textContent(), `${ATTACK}\n\u202e${ATTACK}`);
            assert.equal(await page.locator('.contact').textContent(), ATTACK);
            for (const label of ['Note something', 'Write to whoever asked']) {
                await page.getByLabel(label).check();
                await page.locator('textarea').fill(ATTACK);
                await button(page, label).click();
                await page.getByText(`Done: ${label}.`).waitFor();
                await assertText(page, label);
            }
            assert.deepEqual((await page.locator('.history .said').allTextContents()).slice(-2), [ATTACK, ATTACK]);
            await page.route('**/admin/audit?*', async (route) => {
                const answer = await (await route.fetch()).json();
                for (const record of answer.records) Object.assign(record, { name: ATTACK, act: ATTACK, site: ATTACK, object: ATTACK, details: ATTACK, hash: ATTACK });
                await route.fulfill({ json: answer });
            });
            await page.keyboard.press('6');
            await assertText(page, 'the trail');
            assert.ok((await page.locator('.trail').getByText('<img src=x').count()) > 10);
            await page.locator('.trail .no').first().click();
            await page.getByRole('dialog').getByText('<img src=x').first().waitFor();
            await assertText(page, 'a record');
        }));

    it('of 4,096 letters without a space, or from right to left, breaks nothing', () =>
        open(server, { who: PIA, hash: `site=shop&view=requests&request=${numbers.long}` }, async ({ page }) => {
            for (const width of [1280, 320]) {
                await page.setViewportSize({ width, height: 800 });
                assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width}`);
            }
            await go(page, `site=shop&view=requests&request=${numbers.rtl}`);
            await one(page).getByText('احذفوا').waitFor();
            assert.equal(await page.locator('.said').first().evaluate((box) => getComputedStyle(box).direction), 'rtl');
        }));
});

describe('barriers', { timeout: 300_000 }, () => {
    async function assertNone(page, what) {
        await settled(page);
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
        assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.slice(0, 3).map(({ html, any }) => `${html.slice(0, 160)} ${any[0]?.message ?? ''}`)]), [], what);
    }

    for (const [name, options] of [['light', { colorScheme: 'light' }], ['dark', { colorScheme: 'dark' }], ['320 pixels', { viewport: { width: 320, height: 700 } }]])
        it(`are found by axe in neither view, ${name}`, () =>
            open(server, { ...options, hash: 'site=shop&view=requests', bypassCSP: true }, async ({ page }) => {
                for (const hash of ['view=requests', `view=requests&list=all&request=${numbers.first}`, `view=requests&request=${numbers.attack}`, 'view=audit', 'view=audit&act=erased']) {
                    await go(page, `site=shop&${hash}`);
                    await page.waitForTimeout(100);
                    await assertNone(page, hash);
                    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), hash);
                }
                await go(page, 'site=shop&view=audit&open=1');
                await page.getByRole('dialog').waitFor();
                await assertNone(page, 'a record');
                await go(page, 'site=blog&view=requests');
                await page.getByText('Nobody waits').waitFor();
                await assertNone(page, 'an empty queue');
            }));
});
