// Draws the plant from /api/v1/fibre/map: ducts, cables of which nobody knows the ducts, nodes. The table below holds the
// same; without scripts, or without WebGL, it is there alone. What is pressed narrows the table down to it.
const place = document.getElementById("map");
const words = JSON.parse(place.dataset.words);
const dark = matchMedia("(prefers-color-scheme: dark)");
const LINES = ["ducts", "empty-ducts", "straight"];

const told = ({ layer, code, kind, cables, closures }) => {
  const box = document.createElement("div");
  box.appendChild(document.createElement("strong")).textContent = code;
  box.appendChild(document.createElement("div")).textContent = words[kind ?? layer];
  const held = JSON.parse(cables ?? closures ?? "[]"); // MapLibre hands lists over as text
  if (held.length) box.appendChild(document.createElement("div")).textContent = held.slice(0, 8).join(", ") + (held.length > 8 ? " …" : "");
  return box;
};

const start = async () => {
  const [library, { ask, boundsOf, colour }] = await Promise.all([import(place.dataset.library), import(place.dataset.ground)]);
  const [plant, communes] = await Promise.all([
    ask("/api/v1/fibre/map"), ask("/api/v1/network/map/communes").catch(() => ({ type: "FeatureCollection", attributions: [], features: [] })),
  ]);
  const sources = document.getElementById("attributions");
  sources.textContent = communes.attributions.join(" · ");
  library.setWorkerUrl(place.dataset.worker);
  const map = new library.Map({
    container: place, attributionControl: false, locale: words, cooperativeGestures: true, fadeDuration: 0, maxPitch: 0,
    dragRotate: false, rollEnabled: false, pitchWithRotate: false, maxZoom: 19, minZoom: 8,
    bounds: boundsOf(plant.features) ?? [[4.24, 50.76], [4.49, 50.92]], fitBoundsOptions: { padding: 32, maxZoom: 16 },
    style: { version: 8, sources: { communes: { type: "geojson", data: communes }, plant: { type: "geojson", data: plant } }, layers: [] },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new library.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new library.ScaleControl({ maxWidth: 100 }), "bottom-left");

  const width = ["interpolate", ["linear"], ["zoom"], 10, 1.5, 16, 5];
  const line = (id, filter, paint) => ({ id, type: "line", source: "plant", filter, paint: { "line-width": width, ...paint } });
  const of = (layer) => ["==", ["get", "layer"], layer];
  const holds = ["!=", ["length", ["get", "cables"]], 0];
  const layers = () => [
    { id: "ground", type: "background", paint: { "background-color": colour("--sunken") } },
    { id: "communes", type: "fill", source: "communes", paint: { "fill-color": colour("--sheet") } },
    { id: "borders", type: "line", source: "communes", paint: { "line-color": colour("--edge"), "line-width": 0.8, "line-opacity": 0.7 } },
    line("empty-ducts", ["all", of("duct"), ["!", holds]], { "line-color": colour("--soft"), "line-dasharray": [3, 2] }),
    line("ducts", ["all", of("duct"), holds], { "line-color": colour("--iris") }),
    line("straight", of("cable"), { "line-color": colour("--iris"), "line-dasharray": [0.6, 1.8] }),
    { id: "nodes", type: "circle", source: "plant", filter: of("node"),
      paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 10, 2.5, 16, 7], "circle-color": colour("--sheet"),
        "circle-stroke-color": colour("--ink"), "circle-stroke-width": 2 } },
  ];
  const paint = () => {
    for (const layer of [...map.getStyle().layers].reverse()) map.removeLayer(layer.id);
    for (const layer of layers()) map.addLayer(layer);
  };
  const bubble = new library.Popup({ closeButton: false, closeOnClick: false, offset: 10, className: "bubble", maxWidth: "18rem" });
  const around = ({ x, y }) => {
    const found = map.queryRenderedFeatures([[x - 6, y - 6], [x + 6, y + 6]], { layers: ["nodes", ...LINES] });
    return found.find((one) => one.properties.layer === "node") ?? found[0];
  };
  map.on("mousemove", (event) => {
    const found = map.getLayer("nodes") ? around(event.point) : undefined;
    map.getCanvas().style.cursor = found ? "pointer" : "";
    if (!found) return void bubble.remove();
    bubble.setLngLat(event.lngLat).setDOMContent(told(found.properties)).addTo(map);
  });
  map.on("mouseout", () => bubble.remove());
  map.on("click", (event) => {
    const found = around(event.point);
    if (found) location.assign(`/plant?${new URLSearchParams({ q: found.properties.code })}`);
  });
  map.on("load", () => {
    paint();
    map.once("idle", () => { place.dataset.ready = "yes"; });
  });
  dark.addEventListener("change", paint);
};

start().catch((error) => {
  console.warn(error);
  place.hidden = true;
  const able = document.createElement("canvas").getContext("webgl2");
  document.getElementById(able ? "map-away" : "no-map").hidden = false;
});
