// The mix of agents that benchmarks send: what sites for the public see, with as many versions and models of each kind as
// go around at one time. Drawn by a generator with a seed, so that every run sends the same.
let seed = 1;
export const random = (n) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
};
const one = (list) => list[random(list.length)];
// Of versions that follow each other most people have one of the newest.
const recent = (newest, n) => newest - Math.min(random(n), random(n));

const blink = (version) => `AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}`;
const chromium = () => `${recent(131, 12)}.0.0.0`;
const build4 = () => `${recent(131, 12)}.0.${6700 + random(80)}.${random(200)}`;
const ios = () => one(['18_1', '18_1_1', '18_0', '17_7', '17_6_1', '17_5_1', '17_4_1', '16_7_10', '16_6', '15_8_3']);
const phones = ['SM-S918B', 'SM-A546B', 'SM-A155F', 'SM-G991B', 'SM-A536B', 'Pixel 7', 'Pixel 8a', 'Redmi Note 12',
    '2201117TG', 'M2101K6G', 'CPH2451', 'moto g84 5G', 'RMX3630', 'V2206', 'Nokia G21', 'LE2113', 'XQ-DC54', 'TECNO KI5k'];
const models = () => `${one(phones)} Build/${one(['TP1A.220624.014', 'UP1A.231005.007', 'AP3A.240905.015'])}`;
const safari = (version) => `AppleWebKit/605.1.15 (KHTML, like Gecko) Version/${version} Safari/605.1.15`;
const iphone = (version) => `Mozilla/5.0 (iPhone; CPU iPhone OS ${version} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)`;

// [of a hundred, kind, agent]
const mix = [
    [34, 'Chrome, Android', () => `Mozilla/5.0 (Linux; Android 10; K) ${blink(chromium())} Mobile Safari/537.36`],
    [18, 'Safari, iPhone', () => {
        const version = ios();
        return `${iphone(version)} Version/${version.replaceAll('_', '.')} Mobile/15E148 Safari/604.1`;
    }],
    [14, 'Chrome, Windows', () => `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${blink(chromium())} Safari/537.36`],
    [6, 'in an app, Android', () =>
        `Mozilla/5.0 (Linux; Android ${12 + random(4)}; ${models()}; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/${build4()} Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/${480 + random(20)}.0.0.${random(60)}.${random(90)};]`],
    [5, 'in an app, iPhone', () =>
        `${iphone(ios())} Mobile/15E148 [FBAN/FBIOS;FBAV/${480 + random(20)}.0.0.${random(60)}.${random(90)};FBBV/${650000000 + random(9999999)};FBDV/iPhone${12 + random(6)},${1 + random(4)};FBMD/iPhone;FBSN/iOS;FBSV/17.6.1;FBSS/3;FBID/phone;FBLC/de_DE;FBOP/5;FBRV/0]`],
    [5, 'Edge, Windows', () => {
        const version = chromium();
        return `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${blink(version)} Safari/537.36 Edg/${version}`;
    }],
    [4, 'Safari, macOS', () => `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${safari(one(['18.1', '18.0.1', '17.6', '17.5', '16.6']))}`],
    [3, 'Chrome, macOS', () => `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${blink(chromium())} Safari/537.36`],
    [3, 'Firefox', () => {
        const version = `${recent(133, 14)}.0`;
        return `Mozilla/5.0 (${one(['Windows NT 10.0; Win64; x64', 'X11; Linux x86_64', 'Macintosh; Intel Mac OS X 10.15', 'Android 14; Mobile'])}; rv:${version}) Gecko/20100101 Firefox/${version}`;
    }],
    [2, 'Samsung Internet', () => `Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/${recent(27, 4)}.0 Chrome/${chromium()} Mobile Safari/537.36`],
    [1, 'Chrome, iPhone', () => `${iphone(ios())} CriOS/${build4()} Mobile/15E148 Safari/604.1`],
    [1, 'Opera', () => {
        const version = recent(131, 12);
        return `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${blink(`${version}.0.0.0`)} Safari/537.36 OPR/${version - 15}.0.0.0`;
    }],
    [1, 'Safari, iPad', () => `Mozilla/5.0 (iPad; CPU OS ${ios()} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1`],
    [1, 'televisions', () => one([
        'Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/108.0.5359.211 Safari/537.36 WebAppManager',
        'Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0) AppleWebKit/537.36 (KHTML, like Gecko) 94.0.4606.31/7.0 TV Safari/537.36',
    ])],
    [2, 'programs', () => one([
        'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
        'Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.6778.69 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
        'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36',
        'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)',
        'python-requests/2.32.3', 'curl/8.5.0',
    ])],
];
const shares = mix.flatMap(([share, , agent]) => Array(share).fill(agent));
if (shares.length !== 100) throw new Error(`the mix has ${shares.length} of a hundred`);

// @n agents of the mix, one after the other.
export const drawAgents = (n) => Array.from({ length: n }, () => one(shares)());
