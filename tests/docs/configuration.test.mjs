// docs/configuration.md has every key of the configuration, in its place, with what is true of it.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { crumb, site, withServer } from '../http/server.mjs';
import { ROOT, blocksOf, quoted, read, rows, section } from './documents.mjs';
import { fieldKeys, lintRules, usersOf } from './sources.mjs';

const FILE = 'docs/configuration.md';
const EFFECTS = ['works', 'told', 'checked', 'see below'];
const SLIP = 'zzzzzzzz'; // near no key

// The mappings whose keys are fixed: how the document and how a complaint calls them.
const PLACES = {
    '/': '',
    listen: 'listen',
    tls: 'tls',
    'tokens[]': 'tokens[0]',
    rates: 'rates',
    'sites.NAME': 'sites.shop',
    'sites.NAME.controller': 'sites.shop.controller',
    'sites.NAME.storage': 'sites.shop.storage',
    'sites.NAME.retention': 'sites.shop.retention',
    'sites.NAME.recipients.KEY': 'sites.shop.recipients.partner',
    'sites.NAME.purposes.KEY': 'sites.shop.purposes.analytics',
    'sites.NAME.banner': 'sites.shop.banner',
    'sites.NAME.pages': 'sites.shop.pages',
    'sites.NAME.goals[]': 'sites.shop.goals[0]',
    'sites.NAME.segments[]': 'sites.shop.segments[0]',
    'sites.NAME.next': 'sites.shop.next',
    'sites.NAME.policy': 'sites.shop.policy',
    'sites.NAME.policy.also[]': 'sites.shop.policy.also[0]',
};

// The rows of a mapping: { key, form, fallback, effect }.
const keyRows = (place) =>
    rows(section(FILE, place === 'sites.NAME.regimes' || PLACES[place] !== undefined ? `\`${place}\`` : place))
        .filter((cells) => cells.length === 5)
        .map(([key, form, fallback, , effect]) => ({ place, key: quoted(key)[0], form, fallback, effect }));

const allRows = () => [...Object.keys(PLACES), 'sites.NAME.regimes'].flatMap(keyRows);

let folder;
before(() => {
    folder = mkdtempSync(join(tmpdir(), 'crumb-docs-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function check(config) {
    const path = join(folder, 'crumb.yaml');
    writeFileSync(path, JSON.stringify(config));
    return crumb(['check', '-c', path]);
}

// A configuration of every mapping, each with the keys of @content.
const everywhere = (content) => ({
    ...content,
    listen: { ...content },
    tls: { ...content },
    rates: { ...content },
    tokens: [{ ...content }],
    sites: {
        shop: {
            ...content,
            controller: { ...content },
            storage: { ...content },
            retention: { ...content },
            recipients: { partner: { ...content } },
            purposes: { analytics: { ...content } },
            banner: { ...content },
            pages: { ...content },
            goals: [{ ...content }],
            segments: [{ ...content }],
            next: { ...content },
            policy: { ...content, also: [{ ...content }] },
        },
    },
});

test('every key that the loader knows is there, in its place, and no other', async () => {
    const { code, stderr } = await check(everywhere({ [SLIP]: 1 }));
    assert.equal(code, 1);
    const known = {};
    const complaint = new RegExp(`^[^:]*:\\d+: (?:(.*)\\.)?${SLIP}: unknown key "${SLIP}"; write one of (.*)$`, 'gm');
    for (const [, place = '', keys] of stderr.matchAll(complaint)) known[place] = keys.split(', ');
    for (const [place, called] of Object.entries(PLACES))
        assert.deepEqual(keyRows(place).map(({ key }) => key).sort(), known[called]?.sort(), place);
    const tables = [...new Set(fieldKeys())].sort();
    assert.deepEqual([...new Set(Object.values(known).flat())].sort(), tables, 'no mapping was left out');
});

test('what is needed is what the loader misses', async () => {
    const { stderr } = await check({ ...everywhere({}), data: undefined });
    const missed = [...stderr.matchAll(/^[^:]*:\d+: (\S+): this key is missing/gm)].map(([, path]) => path);
    // Mappings are there, as they must be for their keys to be missed.
    const needed = allRows()
        .filter(({ fallback, form }) => /^needed( with|$)/.test(fallback) && form !== 'mapping')
        .map(({ place, key }) => [PLACES[place], key].filter(Boolean).join('.'));
    assert.deepEqual(needed.sort(), missed.sort());
});

test('defaults are what happens where a key is left out', async () => {
    const wanted = { site: {}, retention: {}, top: {}, listen: {} };
    const into = { '/': 'top', listen: 'listen', 'sites.NAME': 'site', 'sites.NAME.retention': 'retention' };
    for (const { place, key, fallback } of allRows().filter((row) => into[row.place]))
        if (/^`\w+`$/.test(fallback)) wanted[into[place]][key] = fallback.slice(1, -1);
    assert.deepEqual(Object.keys(wanted.retention).length, 7);
    wanted.listen.http2 = wanted.listen.http2 === 'true';
    const hash = async (server) => (await server.get('/v1/notice?site=shop')).json().hash;
    await withServer({ sites: { shop: site() } }, async (server) => {
        const without = await hash(server);
        const { listen, ...config } = server.config;
        const shop = { ...config.sites.shop, ...wanted.site, retention: wanted.retention };
        await server.reload({ ...config, ...wanted.top, listen: { ...listen, ...wanted.listen }, sites: { shop } });
        assert.equal(await hash(server), without);
    });
});

test('the default of data_max is the limit of that name', () => {
    const [, GiB] = /DB_SIZE_BYTES_DEFAULT \((\d+)LL << 30\)/.exec(read('include/crumb/base/limits.h'));
    assert.equal(keyRows('/').find(({ key }) => key === 'data_max').fallback, `\`${GiB}GiB\``);
});

test('every effect is one of those that are explained', () => {
    assert.ok(allRows().length > 40);
    assert.deepEqual(allRows().filter(({ effect }) => !EFFECTS.includes(effect)), []);
});

// Who uses a setting, by the name of its member. Whoever gives one an effect is to tell it in the document.
const MEMBERS = { on_withdraw: 'on_withdraw', PLACE: 'regimes', journal: 'journal_ms', segments: 'segments_ms' };

test('what is only checked is used by nobody, and what is told by the notice alone', () => {
    for (const { place, key, effect } of allRows()) {
        const users = usersOf(MEMBERS[key] ?? key);
        if (effect === 'checked') assert.deepEqual(users, [], `${place} ${key}`);
        if (effect === 'told') assert.deepEqual(users, ['src/consent/notice.c'], `${place} ${key}`);
    }
});

test('every text of the notice is named, with its English', () => {
    const english = JSON.parse(read('consent-js/texts/en.json'));
    const shipped = Object.entries(english).filter(([key]) => !key.startsWith('purpose.'));
    const named = rows(section(FILE, '`sites.NAME.texts.LANG`')).map(([key, text]) => [quoted(key)[0], text]);
    const cut = (text, like) => (like?.endsWith(' …') ? `${text.slice(0, like.length - 2)} …` : text);
    const told = new Map(named);
    assert.deepEqual(named, [
        ...shipped.map(([key, text]) => [key, cut(text, told.get(key))]),
        ...named.filter(([key]) => /^purpose\.KEY\.(title|description)$/.test(key)),
    ]);
    assert.equal(named.length, shipped.length + 2);
});

test('every shipped language is named', () => {
    const [, list] = /Shipped languages, by their tags:\n\n([^]*?)\n\n/.exec(section(FILE, '`sites.NAME.texts.LANG`'));
    assert.deepEqual(quoted(list), readdirSync(`${ROOT}consent-js/texts`).map((name) => name.replace('.json', '')).sort());
});

// ---- what is doubtful ----

test('every rule of lint is told, with where it comes from, in the order of the table', () => {
    const told = rows(section(FILE, 'What is doubtful')).map(([name, , source]) => [quoted(name)[0], source]);
    assert.ok(told.length > 30);
    assert.deepEqual(told, lintRules());
});

test('the example of everything is not doubtful', async () => {
    const [{ text }] = blocksOf(FILE).filter(({ language }) => language === 'yaml');
    const path = join(folder, 'everything.yaml');
    writeFileSync(path, text);
    const { code, stdout } = await crumb(['lint', '-c', path]);
    assert.deepEqual([code, stdout], [0, `${path}: nothing doubtful was found\n`]);
});

// ---- what asks again ----

const CLASSES = { analytics: ['log', 'device'], journeys: ['clickpath'] };
const purposes = (classes, recipients = ['a']) =>
    Object.fromEntries(Object.entries(classes).map(([name, collects]) => [name, { collects, recipients }]));
const recipient = (more) => ({ recipients: { a: { name: 'A', country: 'DE', why: 'that', ...more } } });
const controller = (more) => ({ controller: { name: 'Example', contact: 'privacy@shop.example', ...more } });

const SITE = {
    ...site(),
    ...controller(),
    ...recipient(),
    storage: { country: 'DE' },
    purposes: purposes(CLASSES),
};

// Changes of SITE, by the words that the document has for them.
const ASKS = {
    'the classes it collects': { purposes: purposes({ ...CLASSES, analytics: ['log'] }) },
    separate: { purposes: { ...purposes(CLASSES), analytics: { ...purposes(CLASSES).analytics, separate: true } } },
    'its recipients': { purposes: purposes(CLASSES, []) },
    name: recipient({ name: 'Another' }),
    country: recipient({ country: 'FR' }),
    'why of each': recipient({ why: 'else' }),
    '`controller.name`': controller({ name: 'Another' }),
    '`storage.country`': { storage: { country: 'FR' } },
    '`retention`': { retention: { segments: '24mo' } },
    '- `address`': { address: 'none' },
};
const ASKS_BUT_KEEPS = {
    added: { purposes: purposes({ ...CLASSES, further: [] }) },
    removed: { purposes: purposes({ analytics: CLASSES.analytics }) },
    moved: { purposes: purposes({ journeys: CLASSES.journeys, analytics: CLASSES.analytics }) },
};
const ASKS_NOBODY = {
    texts: { texts: { en: { title: 'Choose' } } },
    languages: { texts: { de: { title: 'Ihre Wahl' } } },
    '`name`': { name: 'Another name' },
    '`controller.address`': controller({ address: 'elsewhere' }),
    '`controller.contact`': controller({ contact: 'other@shop.example' }),
    '`storage.location`': { storage: { country: 'DE', location: 'Berlin' } },
    '`origins`': { origins: ['https://shop.example', 'https://www.shop.example'] },
    '`timezone`': { timezone: 'Asia/Tokyo' },
    '`cookie_domain`': { cookie_domain: 'shop.example' },
    '`on_withdraw`': { on_withdraw: 'keep' },
    '`regimes`': { regimes: { default: 'opt_out', US: 'notice_only', 'US-CA': 'opt_out' } },
    '`banner`': { banner: { control: false } },
    '`pages`': { pages: { query: ['q'], hash: true } },
    '`cookies`': { purposes: { ...purposes(CLASSES), analytics: { ...purposes(CLASSES).analytics, cookies: ['_ga*'] } } },
    '`consent_mode`': {
        purposes: { ...purposes(CLASSES), analytics: { ...purposes(CLASSES).analytics, consent_mode: ['ad_storage'] } },
    },
    'the same period': { retention: { journal: '720h' } },
    'order of classes': { purposes: purposes({ ...CLASSES, analytics: ['device', 'log'] }) },
};

test('what asks again is what the document says', async () => {
    const [list, sentences, others] = section(FILE, 'What asks visitors again').split(/^When |^Everything else/m);
    const cases = [
        [list, ASKS, true, undefined],
        [sentences, ASKS_BUT_KEEPS, true, true],
        [others, ASKS_NOBODY, false, true],
    ];
    await withServer({ sites: { shop: SITE } }, async (server) => {
        const visitor = server.visitor();
        await visitor.chose('grant');
        for (const [text, changes, ask, keeps] of cases)
            for (const [words, change] of Object.entries(changes)) {
                assert.ok(text.includes(words), words);
                await server.reload({ sites: { shop: { ...SITE, ...change } } });
                const consent = await visitor.consent();
                assert.equal(consent.ask, ask, words);
                // A grant that covers nothing any more is shown as no answer, which is not a refusal either.
                assert.equal(consent.purposes.analytics, keeps, words);
            }
    });
    assert.equal(list.match(/^- /gm).length, 5);
});
