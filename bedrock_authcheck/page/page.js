
"use strict";
const form = document.getElementById("filter");
const cards = [...document.querySelectorAll(".s")];
const fields = { rule: 1, service: 1, outcome: 1, text: 1 };
const outcome = new Map(cards.map((card) => [card, card.querySelector(".o").dataset.o]));
const groups = [...document.querySelectorAll(".group")];

function apply() {
  const wanted = Object.fromEntries(new FormData(form));
  const text = wanted.text.trim().toLowerCase();
  let shown = 0;
  for (const card of cards) {
    const fits = (!wanted.rule || card.dataset.r.split(" ").includes(wanted.rule))
      && (!wanted.service || card.dataset.v === wanted.service)
      && (!wanted.outcome || outcome.get(card) === wanted.outcome)
      && (!text || card.textContent.toLowerCase().includes(text));
    card.hidden = !fits;
    shown += fits;
  }
  for (const group of groups) group.hidden = !group.querySelector(".s:not([hidden])");
  document.getElementById("shown").textContent = `${shown} of ${cards.length} scenarios`;
}

function remember() {
  const kept = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) kept.set(name, value);
  history.replaceState(null, "", kept.size ? `#?${kept}` : "#scenarios");
}

function decoded(hash) {
  try { return decodeURIComponent(hash); } catch { return hash; }  // a lone % is no escape
}

function open() {
  const hash = location.hash.slice(1);
  if (hash.startsWith("?")) {
    for (const [name, value] of new URLSearchParams(hash.slice(1)))
      if (Object.hasOwn(fields, name)) form.elements[name].value = value;
    apply();
    form.scrollIntoView();
    return;
  }
  const target = document.getElementById(decoded(hash));
  if (!target) return;
  if (target.hidden) { form.reset(); apply(); }
  if (target.matches(".s")) target.open = true;
  target.scrollIntoView();
}

form.hidden = false;
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", () => { apply(); remember(); });
form.querySelector("button").addEventListener("click", () => { form.reset(); apply(); remember(); });
addEventListener("hashchange", open);
addEventListener("beforeprint", () => {
  for (const card of cards) if (!["passed", "not offered"].includes(outcome.get(card))) card.open = true;
});
apply();
open();
