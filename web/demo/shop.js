// The demo shop itself. The basket is kept in the address of the page (?basket=loaf.2_bun.1), and travels along in the
// links, so that nothing is stored on the device for it.

import { element } from './element.js';

const GOODS = {
    loaf: { name: 'Country loaf', cents: 620 },
    bun: { name: 'Cardamom bun', cents: 340 },
    galette: { name: 'Plum galette', cents: 1850 },
};
const EACH_MAX = 99;

const euros = (cents) => new Intl.NumberFormat('en-IE', { style: 'currency', currency: 'EUR' }).format(cents / 100);
const find = (name) => document.querySelector(`[data-basket="${name}"]`);

// ---- the basket in the address ----

function readBasket() {
    const basket = new Map();
    for (const part of (new URLSearchParams(location.search).get('basket') ?? '').split('_')) {
        const [, item, n] = part.match(/^([a-z]+)\.([1-9]\d?)$/) ?? [];
        if (item && Object.hasOwn(GOODS, item)) basket.set(item, Number(n));
    }
    return basket;
}

const basketText = (basket) => [...basket].map(([item, n]) => `${item}.${n}`).join('_');

function addressWith(address, basket) {
    const url = new URL(address, location.href);
    url.search = basket.size ? `?basket=${basketText(basket)}` : '';
    return url.href;
}

const sum = (basket, each) => [...basket].reduce((total, [item, n]) => total + each(item, n), 0);
const totalOf = (basket) => euros(sum(basket, (item, n) => n * GOODS[item].cents));

function change(basket, item, n) {
    if (n > 0) basket.set(item, Math.min(n, EACH_MAX));
    else basket.delete(item);
    history.replaceState(null, '', addressWith(location.href, basket));
    show(basket);
}

// ---- the pages ----

function lineOf(basket, item, n) {
    const { name, cents } = GOODS[item];
    const amount = element('input', { type: 'number', min: 0, max: EACH_MAX, value: n, id: `n-${item}` });
    const remove = element('button', { type: 'button', class: 'link', 'aria-label': `Remove ${name}` }, 'Remove');

    amount.addEventListener('change', () => change(basket, item, Math.trunc(amount.valueAsNumber) || 0));
    remove.addEventListener('click', () => {
        change(basket, item, 0);
        document.getElementById('main').focus();
    });
    return element('li', {},
        element('img', { src: `img/${item}.svg`, alt: '', width: 96, height: 72 }),
        element('div', { class: 'what' },
            element('a', { href: addressWith(`${item}.html`, basket) }, name),
            element('span', { class: 'small' }, `${euros(cents)} each`)),
        element('label', { class: 'small', for: `n-${item}` }, 'Number'), amount,
        element('span', { class: 'price' }, euros(n * cents)), remove);
}

function showLines(basket) {
    const focused = document.activeElement?.id;

    find('lines')?.replaceChildren(...[...basket].map(([item, n]) => lineOf(basket, item, n)));
    find('summary')?.replaceChildren(
        ...[...basket].map(([item, n]) => element('li', {}, `${n} × ${GOODS[item].name}`)));
    if (focused) document.getElementById(focused)?.focus();
}

function show(basket) {
    for (const link of document.querySelectorAll('a[href*=".html"]')) link.href = addressWith(link.href, basket);
    find('count').textContent = sum(basket, (item, n) => n);
    if (!find('full')) return;
    find('full').hidden = basket.size === 0;
    find('empty').hidden = basket.size > 0;
    find('total').textContent = totalOf(basket);
    showLines(basket);
}

// ---- what people do ----

function add(event) {
    const basket = readBasket();
    const { item } = event.currentTarget.dataset;
    const n = (basket.get(item) ?? 0) + 1;

    change(basket, item, n);
    // Where the visitor allows it; before the banner is there nobody has.
    window.crumb?.track('added to basket', { item, value: GOODS[item].cents / 100, currency: 'EUR' });
    find('added').replaceChildren(
        `${GOODS[item].name}: ${Math.min(n, EACH_MAX)} in your basket. `,
        element('a', { href: addressWith('basket.html', basket) }, 'Go to the basket'));
}

function order(event) {
    const cents = sum(readBasket(), (item, n) => n * GOODS[item].cents);

    event.preventDefault();
    event.currentTarget.reset();
    window.crumb?.track('order', { value: cents / 100, currency: 'EUR' });
    history.replaceState(null, '', addressWith(location.href, new Map()));
    show(new Map());
    find('empty').hidden = true;
    find('thanks').hidden = false;
    find('thanks').focus();
}

find('add')?.addEventListener('click', add);
find('add')?.removeAttribute('disabled');
find('order')?.addEventListener('submit', order);
show(readBasket());
