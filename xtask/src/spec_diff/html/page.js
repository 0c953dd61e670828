"use strict";
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const by = (id) => document.getElementById(id);
  for (const button of all(".copy")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
  }
  const filters = by("filters");
  if (!filters) return;
  filters.hidden = false;

  const items = all(".item").map((node) => ({
    node,
    group: node.closest(".group"),
    spec: node.closest(".spec").dataset.spec,
    facets: new Set(node.dataset.v.split(" ")),
    ranges: node.dataset.o.split(" ").filter(Boolean).map((range) => range.split("-").map(Number)),
    text: null,
  }));
  const groups = all(".group").map((node) => ({ node, count: node.querySelector("summary .n") }));
  const facets = all(".facet").map((node) => ({ node, word: node.dataset.facet, count: node.querySelector(".n") }));
  const search = by("search"), spec = by("spec"), operation = by("operation"), reset = by("reset");
  for (const facet of facets) facet.node.hidden = !items.some((item) => item.facets.has(facet.word));

  const reaches = (item, [of, index]) =>
    item.spec === of && item.ranges.some(([first, last = first]) => first <= index && index <= last);
  const says = (item, words) => {
    item.text ??= (item.node.textContent + " " + item.node.id + " " +
      item.group.querySelector("summary").textContent).toLowerCase();
    return words.every((word) => item.text.includes(word));
  };

  let opened = null;
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = operation.value ? operation.value.split(":") : null;
    const at = chosen && [chosen[0], Number(chosen[1])];
    const pressed = facets.filter((facet) => facet.node.ariaPressed === "true").map((facet) => facet.word);
    const counts = new Map(facets.map((facet) => [facet.word, 0]));
    const shown = new Map();
    let total = 0;
    for (const item of items) {
      const fits = (!spec.value || item.spec === spec.value) && (!at || reaches(item, at)) && says(item, words);
      if (fits) for (const word of item.facets) counts.set(word, counts.get(word) + 1);
      const stays = fits && (!pressed.length || pressed.some((word) => item.facets.has(word)));
      item.node.hidden = !stays;
      if (!stays) continue;
      total += 1;
      shown.set(item.group, (shown.get(item.group) ?? 0) + 1);
    }
    const filtered = Boolean(words.length || spec.value || at || pressed.length);
    if (filtered && !opened) opened = new Set(groups.filter((group) => group.node.open).map((group) => group.node));
    let room = 200;
    for (const { node, count } of groups) {
      const number = shown.get(node) ?? 0;
      node.hidden = !number;
      count.textContent = number == count.dataset.all ? number : number + " of " + count.dataset.all;
      if (filtered && number) node.open = number <= room || room === 200;
      if (filtered && node.open) room -= number;
      else if (!filtered && opened) node.open = opened.has(node);
    }
    if (!filtered) opened = null;
    for (const section of all(".spec")) section.hidden = !all(".group:not([hidden])", section).length;
    for (const { node, word, count } of facets) {
      count.textContent = counts.get(word);
      node.classList.toggle("zero", !counts.get(word));
    }
    by("shown").textContent = total === items.length ? total + (total === 1 ? " finding" : " findings")
      : total + " of " + items.length + " findings";
    by("none").hidden = total > 0;
    reset.hidden = !filtered;
  };
  const clear = () => {
    search.value = spec.value = operation.value = "";
    for (const facet of facets) facet.node.ariaPressed = "false";
    apply();
  };
  const open = (state) => groups.forEach(({ node }) => !node.hidden && (node.open = state));
  const move = (step) => {
    const seen = items.filter((item) => !item.node.hidden && !item.group.hidden);
    if (!seen.length) return;
    const here = seen.findIndex((item) => item.node.contains(document.activeElement));
    const next = seen[here < 0 ? (step > 0 ? 0 : seen.length - 1) : Math.min(Math.max(here + step, 0), seen.length - 1)];
    show(next);
  };
  const show = (item) => {
    item.group.open = true;
    item.node.focus({ preventScroll: true });
    const below = getComputedStyle(filters).position === "sticky" ? filters.offsetHeight : 0;
    scrollTo({ top: item.node.getBoundingClientRect().top + scrollY - below - 12 });
  };
  const goto = () => {
    const item = items.find((one) => "#" + one.node.id === location.hash);
    if (item) {
      if (item.node.hidden) clear();
      show(item);
    }
  };

  let timer;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(apply, items.length > 1000 ? 150 : 0);
  });
  spec.addEventListener("change", () => {
    if (operation.value && spec.value && operation.value.split(":")[0] !== spec.value) operation.value = "";
    for (const option of all("option", operation)) {
      const other = spec.value && option.value && option.value.split(":")[0] !== spec.value;
      option.hidden = option.disabled = Boolean(other);
    }
    apply();
  });
  operation.addEventListener("change", apply);
  for (const { node } of facets) {
    node.addEventListener("click", () => {
      node.ariaPressed = node.ariaPressed === "true" ? "false" : "true";
      apply();
    });
  }
  reset.addEventListener("click", () => {
    clear();
    search.focus();
  });
  by("expand").addEventListener("click", () => open(true));
  by("collapse").addEventListener("click", () => open(false));
  by("help").addEventListener("click", () => by("keys").showModal());
  addEventListener("hashchange", goto);
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || by("keys").open) return;
    if (event.target === search && event.key === "Escape") {
      search.value = "";
      apply();
      search.blur();
      return;
    }
    if (event.target.matches("input, select, textarea")) return;
    const act = {
      "/": () => search.focus(), j: () => move(1), k: () => move(-1), e: () => open(true), c: () => open(false),
      r: clear, "?": () => by("keys").showModal(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  apply();
  goto();
})();
