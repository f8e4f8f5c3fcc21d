// A picture of a screen as a smaller PNG: its colours are reduced to a palette of 256 (median cut), which pictures of pages
// do not show, and its rows are stored as they are, which suits flat colours. Format: W3C PNG, second edition.
import { deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const COLOURS = 256;

// ---- reading ----

function chunksOf(png) {
    const chunks = [];
    for (let at = SIGNATURE.length; at < png.length;) {
        const size = png.readUInt32BE(at);
        chunks.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + size) });
        at += size + 12;
    }
    return chunks;
}

function paeth(a, b, c) {
    const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
    return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

// { width, height, pixels }, a pixel being 0xRRGGBB.
function decode(png) {
    const chunks = chunksOf(png);
    const head = chunks.find(({ type }) => type == 'IHDR').data;
    const [width, height, depth, kind, , , interlaced] = [head.readUInt32BE(0), head.readUInt32BE(4), ...head.subarray(8)];
    const n = { 2: 3, 6: 4 }[kind];
    if (depth != 8 || !n || interlaced) throw new Error('only pictures as Chromium writes them are read');
    const raw = inflateSync(Buffer.concat(chunks.filter(({ type }) => type == 'IDAT').map(({ data }) => data)));
    const size = width * n, pixels = new Uint32Array(width * height);
    let above = Buffer.alloc(size);
    for (let y = 0; y < height; y++) {
        const filter = raw[y * (size + 1)], line = raw.subarray(y * (size + 1) + 1, (y + 1) * (size + 1));
        for (let i = 0; i < size; i++) {
            const left = i >= n ? line[i - n] : 0, corner = i >= n ? above[i - n] : 0;
            line[i] += [0, left, above[i], (left + above[i]) >> 1, paeth(left, above[i], corner)][filter];
        }
        for (let x = 0; x < width; x++) pixels[y * width + x] = (line[x * n] << 16) | (line[x * n + 1] << 8) | line[x * n + 2];
        above = line;
    }
    return { width, height, pixels };
}

// ---- the palette ----

const SHIFTS = [16, 8, 0];
const part = (colour, shift) => (colour >> shift) & 255;

// How much there is to gain by cutting a box: its widest side, weighted by how often its colours are seen.
function widest(box) {
    const spans = SHIFTS.map((shift) => {
        const parts = box.map(([colour]) => part(colour, shift));
        return Math.max(...parts) - Math.min(...parts);
    });
    const side = spans.indexOf(Math.max(...spans));
    return { shift: SHIFTS[side], gain: spans[side] * Math.sqrt(box.reduce((sum, [, n]) => sum + n, 0)) };
}

function cut(box) {
    const { shift } = widest(box);
    const sorted = [...box].sort(([a], [b]) => part(a, shift) - part(b, shift));
    const half = sorted.reduce((sum, [, n]) => sum + n, 0) / 2;
    let seen = 0, at = 0;
    while (at < sorted.length - 1 && seen + sorted[at][1] <= half) seen += sorted[at++][1];
    at = Math.max(1, at);
    return [sorted.slice(0, at), sorted.slice(at)];
}

// The commonest colour of each box stands for it, so that grounds and texts stay what they are.
function paletteOf(pixels) {
    const counts = new Map();
    for (const colour of pixels) counts.set(colour, (counts.get(colour) ?? 0) + 1);
    const boxes = [[...counts]];
    while (boxes.length < COLOURS) {
        const gains = boxes.map((box) => (box.length > 1 ? widest(box).gain : 0));
        const most = gains.indexOf(Math.max(...gains));
        if (gains[most] == 0) break;
        boxes.splice(most, 1, ...cut(boxes[most]));
    }
    const index = new Map();
    const palette = boxes.map((box, i) => {
        for (const [colour] of box) index.set(colour, i);
        return box.reduce((a, b) => (b[1] > a[1] ? b : a))[0];
    });
    return { palette, index };
}

// ---- writing ----

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
    for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n >>> 0;
});

function crc(bytes) {
    let sum = 0xffffffff;
    for (const byte of bytes) sum = TABLE[(sum ^ byte) & 255] ^ (sum >>> 8);
    return (sum ^ 0xffffffff) >>> 0;
}

function chunk(type, data) {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]), size = Buffer.alloc(4), sum = Buffer.alloc(4);
    size.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc(body));
    return Buffer.concat([size, body, sum]);
}

export function shrink(png) {
    const { width, height, pixels } = decode(png);
    const { palette, index } = paletteOf(pixels);
    const head = Buffer.alloc(13), rows = Buffer.alloc(height * (width + 1));
    head.writeUInt32BE(width);
    head.writeUInt32BE(height, 4);
    head.set([8, 3, 0, 0, 0], 8);
    for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) rows[y * (width + 1) + 1 + x] = index.get(pixels[y * width + x]);
    const colours = Buffer.from(palette.flatMap((colour) => SHIFTS.map((shift) => part(colour, shift))));
    return Buffer.concat([SIGNATURE, chunk('IHDR', head), chunk('PLTE', colours), chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })), chunk('IEND', Buffer.alloc(0))]);
}
