// Every field that can be stored, the event class it belongs to, and the promise that goes with it (P1): a class that is
// not granted is in no byte of the store.
//
// The table must name exactly the fields of src/store/event.c. Each row says how a browser comes to say the field, and
// how it lies on disk: as its text, or as its number and a varint that is unlikely to be anywhere by chance. Words
// (channel, bot, device) are too short for that, and are looked for in the dump alone.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { event } from './client.mjs';
import { mmdb } from './mmdb.mjs';
import { Server, site } from './server.mjs';

const HERE = '203.0.113.77';
const PLACE = { country: { iso_code: 'ZW' }, subdivisions: [{ iso_code: 'QJX' }], city: { names: { en: 'Citymarker' } } };

const varint = (n) => (n < 128 ? [n] : [(n % 128) | 128, ...varint(Math.floor(n / 128))]);
const number = (field, value) => Buffer.from([field, ...varint(value)]);
const sized = (field, bytes) => Buffer.from([field, bytes.length, ...Buffer.from(bytes)]);
const text = (value) => Buffer.from(value);

// What a browser sends: pairs of an event, in which kinds of event they are, headers of the request.
const PAIRS = {
    url: 'https://shop.example/pathmarker?utm_source=campaignmarker&utm_medium=mediummarker&utm_campaign=drivemarker' +
        '&utm_content=contentmarker&utm_term=termmarker&gclid=1',
    refr: 'https://referrermarker.example/from',
    page: 'titlemarker',
    res: '61234x61235',
    vp: '61236x61237',
    ds: '2147480001x2147480002',
    lang: 'qaa-marker',
    tz: 'Zone/Marker',
    x_vis: 86390001,
    pp_mix: 2147480003,
    pp_max: 2147480004,
    pp_miy: 2147480005,
    pp_may: 2147480006,
    se_ca: 'categorymarker',
    se_ac: 'actionmarker',
    se_la: 'labelmarker',
    se_pr: 'propertymarker',
    se_va: '-31415926.5',
    x_cur: 'XTS',
    'x_p.namemarker': 'valuemarker',
};
// An iPad without a language: the first is a device, the second no browser.
const HEADERS = {
    'user-agent': 'Mozilla/5.0 (iPad; CPU OS 17_61251 like Mac OS X) Version/17.61252 Mobile/15E148 Safari/604.1',
    'accept-language': '',
    'x-forwarded-for': HERE,
};

// In the form of uap-core's file, so that each field says what nothing else says.
const AGENTS = `
user_agent_parsers:
  - {regex: '(Version)/(\\d+)\\.(\\d+) Mobile', family_replacement: Browsermarker}
os_parsers:
  - {regex: '(CPU OS) (\\d+)_(\\d+)', os_replacement: Osmarker}
device_parsers:
  - {regex: '\\((iPad);', device_replacement: $1, brand_replacement: Brandmarker, model_replacement: Modelmarker}
`;

// [field, value in the dump, bytes on disk; none: only in the dump]
const FIELDS = {
    log: [
        ['at_ms', /^\d{13}$/],
        ['host', 'shop.example'], // the notice and the configuration have it, too
        ['path', '/pathmarker', text('/pathmarker')],
        ['referrer', 'https://referrermarker.example/from', text('referrermarker')],
        ['title', 'titlemarker', text('titlemarker')],
        ['address', '203.0.113.77', sized(6, [203, 0, 113, 77])],
        ['dwell_ms', '86390001', number(7, 86390001)],
        ['scroll_x_min', '2147480003', number(8, 2147480003)],
        ['scroll_x_max', '2147480004', number(9, 2147480004)],
        ['scroll_y_min', '2147480005', number(10, 2147480005)],
        ['scroll_y_max', '2147480006', number(11, 2147480006)],
        ['country', 'ZW', sized(12, 'ZW')],
        ['region', 'QJX', sized(13, 'QJX')],
        ['city', 'Citymarker', text('Citymarker')],
        ['source', 'campaignmarker', sized(15, 'campaignmarker')],
        ['channel', 'paid_other'],
        ['utm_source', 'campaignmarker', sized(17, 'campaignmarker')],
        ['utm_medium', 'mediummarker', text('mediummarker')],
        ['utm_campaign', 'drivemarker', text('drivemarker')],
        ['utm_content', 'contentmarker', text('contentmarker')],
        ['utm_term', 'termmarker', text('termmarker')],
        ['click_id', 'gclid', sized(22, 'gclid')],
        ['bot', 'headers'],
    ],
    device: [
        ['screen_width', '61234', number(1, 61234)],
        ['screen_height', '61235', number(2, 61235)],
        ['viewport_width', '61236', number(3, 61236)],
        ['viewport_height', '61237', number(4, 61237)],
        ['page_width', '2147480001', number(5, 2147480001)],
        ['page_height', '2147480002', number(6, 2147480002)],
        ['language', 'qaa-marker', text('qaa-marker')],
        ['zone', 'Zone/Marker', text('Zone/Marker')],
        ['device', 'tablet'],
        ['brand', 'Brandmarker', text('Brandmarker')],
        ['model', 'Modelmarker', text('Modelmarker')],
        ['os', 'Osmarker', text('Osmarker')],
        ['os_version', '17.61251', text('17.61251')],
        ['browser', 'Browsermarker', text('Browsermarker')],
        ['browser_version', '17.61252', text('17.61252')],
    ],
    clickpath: [
        ['category', 'categorymarker', text('categorymarker')],
        ['action', 'actionmarker', text('actionmarker')],
        ['label', 'labelmarker', text('labelmarker')],
        ['property', 'propertymarker', text('propertymarker')],
        ['value', '-31415926.5', text('-31415926.5')],
        ['currency', 'XTS', sized(7, 'XTS')],
        ['x_p.namemarker', 'valuemarker', text('valuemarker')],
    ],
};
const CLASSES = Object.keys(FIELDS);

// The tables of the program itself.
function fieldsOfTheProgram() {
    const source = readFileSync(new URL('../../src/store/event.c', import.meta.url), 'utf8');
    return Object.fromEntries(
        [...source.matchAll(/struct field (\w+)_fields\[\] = \{([^;]*)\};/g)].map(([, name, rows]) => [
            name,
            [...rows.matchAll(/FIELD\(\w+, \w+, (\w+)\)/g)].map(([, field]) => field),
        ]),
    );
}

// A store in which one visitor with @granted classes has sent everything there is; @address: what of it is kept.
async function storeOf(granted, address = 'full') {
    const server = new Server();
    writeFileSync(join(server.folder, 'geo.mmdb'), mmdb({ [`${HERE}/32`]: PLACE }));
    writeFileSync(join(server.folder, 'agents.yaml'), AGENTS);
    const purposes = Object.fromEntries(CLASSES.map((name) => [name, { collects: [name] }]));
    server.configure({
        geo: 'geo.mmdb',
        agents: 'agents.yaml',
        trusted_proxies: ['127.0.0.1'],
        sites: { shop: site({ address, purposes }) },
    });
    try {
        await server.launch();
        const visitor = server.visitor();
        await visitor.chose('custom', { purposes: Object.fromEntries(CLASSES.map((name) => [name, granted.includes(name)])) });
        for (const e of ['pv', 'pp', 'se']) await visitor.beacon({ ...PAIRS, e }, HEADERS);
        await visitor.events(['pv', 'pp', 'se'].map((e) => event({ ...PAIRS, e })), HEADERS);
    } catch (error) {
        server.cleanup();
        throw error;
    }
    return server;
}

// Of the client's address, as bytes; a name for each.
const PARTS = { network: sized(6, [203, 0, 113]), address: Buffer.from([203, 0, 113, 77]), text: text(HERE) };

const carried = (row) => (row.event === 'se' ? 'clickpath' : 'log');

describe('the fields of events', { timeout: 120_000 }, () => {
    it('are those of the program', () => {
        const ours = Object.fromEntries(
            CLASSES.map((name) => [
                name,
                [...FIELDS[name].map(([field]) => field.replace(/^x_p\..*/, 'properties'))].sort(),
            ]),
        );
        const theirs = Object.entries(fieldsOfTheProgram()).map(([name, fields]) => [name, fields.sort()]);
        assert.deepEqual(ours, Object.fromEntries(theirs));
    });

    for (const [mode, dumped, kept] of [
        ['full', HERE, ['address']],
        ['truncated', '203.0.113.0', ['network']],
        ['none', undefined, []],
    ])
        it(`have of the address what is configured: ${mode}`, async () => {
            const server = await storeOf(CLASSES, mode);
            const rows = await server.dump('journal');
            assert.deepEqual([...new Set(rows.map(({ log }) => log.address))], [dumped]);
            assert.equal(rows[0].log.country, 'ZW', 'the place is that of the whole address');
            assert.ok(!server.bytes().includes(PARTS.text), 'it lies there encrypted');
            const bytes = server.opened();
            assert.deepEqual(Object.keys(PARTS).filter((name) => bytes.includes(PARTS[name])), kept);
            await server.end();
        });

    for (let set = 0; set < 1 << CLASSES.length; set++) {
        const granted = CLASSES.filter((_, i) => set & (1 << i));
        it(`are stored and left out as granted: ${granted.join(', ') || 'nothing'}`, async () => {
            const server = await storeOf(granted);
            const rows = await server.dump('journal');
            const bytes = server.opened(); // what is not allowed is nowhere; what is lies in boxes alone
            const raw = server.bytes();
            for (const name of CLASSES)
                for (const [field, , marker] of FIELDS[name]) if (marker) assert.ok(!raw.includes(marker), `${field} in the raw bytes`);
            // What carries an event decides whether it is there at all.
            const kinds = ['pv', 'pp', 'se'].filter((e) => granted.includes(carried({ event: e })));
            assert.deepEqual(rows.map((row) => row.event).sort(), [...kinds, ...kinds].sort());
            const views = rows.filter((row) => row.event !== 'pp');
            for (const name of CLASSES) {
                const isStored = granted.includes(name) && kinds.length > 0;
                for (const row of rows) assert.equal(name in row, isStored, `${name} of ${row.event}`);
                for (const [field, value, marker] of FIELDS[name]) {
                    const found = [...new Set(views.map((row) => row[name]?.[field]).filter(Boolean))];
                    if (!isStored) assert.deepEqual(found, [], field);
                    else if (value instanceof RegExp) found.forEach((each) => assert.match(each, value));
                    // Some are of page views only, and without log there is none.
                    else if (found.length || kinds.includes('pv')) assert.deepEqual(found, [value], field);
                    if (marker) assert.equal(bytes.includes(marker), isStored && found.length > 0, `${field} in the store's bytes`);
                }
            }
            await server.end();
        });
    }
});
