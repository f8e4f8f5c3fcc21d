// A small writer of MaxMind databases (file format 2.0), for tests: networks and what is known of each.
//
//     writeFileSync(path, mmdb({ '203.0.113.0/24': { country: { iso_code: 'DE' } }, '2001:db8::/32': { ... } }));
//
//     node tests/http/mmdb.mjs NESTED FLAT    writes the two files that the unit tests read
import { writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

const RECORD_BYTES = 3;
const MARK = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');

// ---- values ----

const POINTER = 1, TEXT = 2, U16 = 5, U32 = 6, MAP = 7, U64 = 9, LIST = 11;

// The control byte and, for types past 7, the one behind it; sizes up to 284 are enough here.
function head(type, size) {
    const extended = type > 7 ? [type - 7] : [];
    const short = Math.min(size, 29);
    return Buffer.from([((type > 7 ? 0 : type) << 5) | short, ...extended, ...(short === 29 ? [size - 29] : [])]);
}

class Values {
    constructor(pointers) {
        this.bytes = Buffer.alloc(0);
        this.texts = pointers ? new Map() : null;
    }

    put(...parts) {
        this.bytes = Buffer.concat([this.bytes, ...parts]);
    }

    // A text that was there before is pointed at, as real writers do.
    putText(text) {
        const known = this.texts?.get(text);
        if (known !== undefined) return this.put(Buffer.from([(POINTER << 5) | (known >> 8), known & 255]));
        if (text.length > 2 && this.bytes.length < 2048) this.texts?.set(text, this.bytes.length);
        const bytes = Buffer.from(text);
        this.put(head(TEXT, bytes.length), bytes);
    }

    putNumber(type, value) {
        const digits = value === 0 ? '' : value.toString(16);
        const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
        this.put(head(type, bytes.length), bytes);
    }

    // Returns where the value begins.
    putValue(value, type = U32) {
        const at = this.bytes.length;
        if (typeof value === 'string') this.putText(value);
        else if (typeof value === 'number') this.putNumber(type, value);
        else if (Array.isArray(value)) {
            this.put(head(LIST, value.length));
            for (const item of value) this.putValue(item);
        } else {
            const entries = Object.entries(value);
            this.put(head(MAP, entries.length));
            for (const [key, member] of entries) {
                this.putText(key);
                this.putValue(member, TYPES[key]);
            }
        }
        return at;
    }
}

const TYPES = { record_size: U16, ip_version: U16, binary_format_major_version: U16, binary_format_minor_version: U16, build_epoch: U64 };

// ---- the tree ----

const bitsOf = (bytes) => bytes.flatMap((byte) => Array.from({ length: 8 }, (_, i) => (byte >> (7 - i)) & 1));

// 128 bits; an IPv4 address lies under ::/96.
function addressBits(text) {
    if (!text.includes(':')) return bitsOf([...Array(12).fill(0), ...text.split('.').map(Number)]);
    const [left, right = null] = text.split('::').map((half) => half.split(':').filter(Boolean));
    const gap = right === null ? [] : Array(8 - left.length - right.length).fill('0');
    return bitsOf([...left, ...gap, ...(right ?? [])].flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]));
}

function grow(networks, values) {
    const nodes = [[null, null]];
    for (const [network, value] of Object.entries(networks)) {
        const [address, prefix] = network.split('/');
        const bits = addressBits(address).slice(0, Number(prefix) + (address.includes(':') ? 0 : 96));
        let at = 0;
        for (const bit of bits.slice(0, -1)) {
            nodes[at][bit] ??= { node: nodes.push([null, null]) - 1 };
            at = nodes[at][bit].node;
        }
        nodes[at][bits.at(-1)] = { data: values.putValue(value) };
    }
    return nodes;
}

function recordBytes(record, n) {
    const value = record === null ? n : (record.node ?? n + 16 + record.data);
    return Buffer.from([value >> 16, value >> 8, value].map((byte) => byte & 255));
}

// The bytes of a database. @pointers: repeated texts are pointed at.
export function mmdb(networks, { pointers = true, metadata = {} } = {}) {
    const values = new Values(pointers), about = new Values(false);
    const nodes = grow(networks, values);
    about.putValue({
        binary_format_major_version: 2,
        binary_format_minor_version: 0,
        build_epoch: 1767225600,
        database_type: 'Test',
        description: { en: 'A test' },
        ip_version: 6,
        languages: ['en'],
        node_count: nodes.length,
        record_size: 8 * RECORD_BYTES,
        ...metadata,
    });
    const tree = nodes.flatMap((node) => node.map((record) => recordBytes(record, nodes.length)));
    return Buffer.concat([...tree, Buffer.alloc(16), values.bytes, MARK, about.bytes]);
}

// ---- the files of the unit tests ----

const city = (country, region) => ({
    city: { geoname_id: 1, names: { de: 'Irgendwo', en: 'Somewhere' } },
    continent: { code: 'NA', names: { en: 'Somewhere' } },
    country: { geoname_id: 2, iso_code: country, names: { en: country } },
    ...(region && { subdivisions: [{ iso_code: region, names: { en: 'Somewhere' } }, { iso_code: 'ZZ9' }] }),
});

export const NESTED = {
    '203.0.113.0/24': city('DE', 'BE'),
    '198.51.100.0/25': city('US', 'CA'),
    '198.51.100.128/25': city('US'),
    '192.0.2.1/32': city('EU'), // no country
    '192.0.2.2/32': city('US', 'California'), // no code
    '192.0.2.3/32': city('us', 'CA'),
    '192.0.2.4/32': { country: 'DE' }, // another shape
    '192.0.2.5/32': { continent: { code: 'EU' } },
    '192.0.2.6/32': { country: { iso_code: 49 } },
    '192.0.2.7/32': { country: { iso_code: 'US' }, subdivisions: 'CA' },
    '192.0.2.8/32': { country: { iso_code: 'US' }, subdivisions: [] },
    '192.0.2.9/32': { country: { iso_code: 'US' }, city: { names: { de: 'Neu York' } } },
    '192.0.2.10/32': { country: { iso_code: 'US' }, city: { names: { en: 'x'.repeat(129) } } },
    '192.0.2.11/32': { country: { iso_code: 'US' }, city: { names: { en: 'New\nYork' } } },
    '2001:db8::/32': city('FR', '75'),
};

export const FLAT = {
    '203.0.113.0/24': { country_code: 'DE', region_code: 'BE', city: 'Köln am Meer' },
    '198.51.100.0/24': { country_code: 'US' },
    '192.0.2.1/32': { country_code: 'DEU' },
    '192.0.2.2/32': { country_code: '' },
    '2001:db8::/32': { country_code: 'FR' },
};

if (argv[1] === fileURLToPath(import.meta.url)) {
    writeFileSync(argv[2], mmdb(NESTED));
    writeFileSync(argv[3], mmdb(FLAT, { pointers: false }));
}
