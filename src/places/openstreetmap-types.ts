// OpenStreetMap tags to the types that Nearby Search documents. What has no type of its own there is a plain
// point of interest (a shop: a store); what nobody looks for by name near a position is no place at all. The embedded places are
// made with it too (scripts/places/openstreetmap.mjs).

/** As OpenStreetMap has them: keys and values, a name for each language among them. */
export type Tags = Readonly<Record<string, string | undefined>>;

const TYPE_BY_VALUE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  amenity: {
    atm: 'atm',
    bank: 'bank',
    bar: 'bar',
    bus_station: 'bus_station',
    cafe: 'cafe',
    car_rental: 'car_rental',
    car_wash: 'car_wash',
    casino: 'casino',
    cinema: 'movie_theater',
    clinic: 'doctor',
    college: 'university',
    courthouse: 'courthouse',
    crematorium: 'funeral_home',
    dentist: 'dentist',
    doctors: 'doctor',
    embassy: 'embassy',
    fast_food: 'meal_takeaway',
    fire_station: 'fire_station',
    fuel: 'gas_station',
    hospital: 'hospital',
    internet_cafe: 'cafe',
    library: 'library',
    love_hotel: 'lodging',
    nightclub: 'night_club',
    parking: 'parking',
    pharmacy: 'pharmacy',
    police: 'police',
    post_office: 'post_office',
    pub: 'bar',
    restaurant: 'restaurant',
    school: 'school',
    stripclub: 'night_club',
    taxi: 'taxi_stand',
    townhall: 'city_hall',
    university: 'university',
    veterinary: 'veterinary_care',
  },
  shop: {
    alcohol: 'liquor_store',
    appliance: 'electronics_store',
    bakery: 'bakery',
    beauty: 'beauty_salon',
    bed: 'furniture_store',
    bicycle: 'bicycle_store',
    books: 'book_store',
    boutique: 'clothing_store',
    car: 'car_dealer',
    car_repair: 'car_repair',
    chemist: 'drugstore',
    clothes: 'clothing_store',
    computer: 'electronics_store',
    convenience: 'convenience_store',
    cosmetics: 'beauty_salon',
    department_store: 'department_store',
    doityourself: 'hardware_store',
    dry_cleaning: 'laundry',
    electronics: 'electronics_store',
    florist: 'florist',
    funeral_directors: 'funeral_home',
    furniture: 'furniture_store',
    hairdresser: 'hair_care',
    hardware: 'hardware_store',
    hifi: 'electronics_store',
    houseware: 'home_goods_store',
    jewelry: 'jewelry_store',
    kiosk: 'convenience_store',
    laundry: 'laundry',
    locksmith: 'locksmith',
    mall: 'shopping_mall',
    mobile_phone: 'electronics_store',
    paint: 'hardware_store',
    pastry: 'bakery',
    pet: 'pet_store',
    shoes: 'shoe_store',
    supermarket: 'supermarket',
    travel_agency: 'travel_agency',
    video: 'movie_rental',
    wine: 'liquor_store',
  },
  tourism: {
    alpine_hut: 'lodging',
    apartment: 'lodging',
    aquarium: 'aquarium',
    attraction: 'tourist_attraction',
    bed_and_breakfast: 'lodging',
    camp_site: 'campground',
    caravan_site: 'rv_park',
    gallery: 'art_gallery',
    guest_house: 'lodging',
    hostel: 'lodging',
    hotel: 'lodging',
    motel: 'lodging',
    museum: 'museum',
    theme_park: 'amusement_park',
    viewpoint: 'tourist_attraction',
    zoo: 'zoo',
  },
  leisure: {
    bowling_alley: 'bowling_alley',
    fitness_centre: 'gym',
    garden: 'park',
    park: 'park',
    sauna: 'spa',
    sports_centre: 'gym',
    stadium: 'stadium',
    water_park: 'amusement_park',
  },
  office: {
    accountant: 'accounting',
    administrative: 'local_government_office',
    estate_agent: 'real_estate_agency',
    government: 'local_government_office',
    insurance: 'insurance_agency',
    lawyer: 'lawyer',
    moving_company: 'moving_company',
    travel_agent: 'travel_agency',
  },
  craft: {
    caterer: 'meal_delivery',
    confectionery: 'bakery',
    electrician: 'electrician',
    locksmith: 'locksmith',
    painter: 'painter',
    plumber: 'plumber',
    roofer: 'roofing_contractor',
  },
  healthcare: { dentist: 'dentist', doctor: 'doctor', hospital: 'hospital', physiotherapist: 'physiotherapist' },
  historic: { castle: 'tourist_attraction', city_gate: 'tourist_attraction', monument: 'tourist_attraction' },
  railway: { halt: 'train_station', station: 'train_station' },
  public_transport: { station: 'transit_station' },
};

const PLACE_OF_WORSHIP: Readonly<Record<string, string>> = {
  christian: 'church',
  hindu: 'hindu_temple',
  jewish: 'synagogue',
  muslim: 'mosque',
};

const FURNITURE = new Set([
  'bench',
  'bicycle_parking',
  'clock',
  'parking_entrance',
  'parking_space',
  'recycling',
  'telephone',
  'waste_disposal',
]);

/** Keys whose every named bearer is a place, and keys where only the values above are. */
const ANY_VALUE = new Set(['amenity', 'shop', 'tourism', 'leisure', 'office', 'craft', 'healthcare', 'historic']);

const ANY_PLACE = ['point_of_interest', 'establishment'];
const ANY_SHOP = 'store';

/** The types of whatever has these tags, or undefined when it is no place. The first key that tells more than "a place" wins. */
export function placeTypes(tags: Tags): readonly string[] | undefined {
  let isPlace = false;
  for (const [key, types] of Object.entries(TYPE_BY_VALUE)) {
    const value = tags[key];
    if (value === undefined || value === 'no' || FURNITURE.has(value)) continue;
    const type =
      value === 'place_of_worship' ? ownValue(PLACE_OF_WORSHIP, tags['religion'] ?? '') : ownValue(types, value);
    if (type) return [type, ...ANY_PLACE];
    if (key === 'shop') return [ANY_SHOP, ...ANY_PLACE];
    isPlace ||= ANY_VALUE.has(key);
  }
  return isPlace ? ANY_PLACE : undefined;
}

/** A tag may say `constructor`, which every object has. */
function ownValue(types: Readonly<Record<string, string>>, value: string): string | undefined {
  return Object.hasOwn(types, value) ? types[value] : undefined;
}

/** Where a place is, as far as the tags say so: a missing `addr:city` is not filled in. */
export function vicinityOf(tags: Tags): string {
  const street = tags['addr:street'];
  const house = street && tags['addr:housenumber'];
  return [[street, house].filter(Boolean).join(' '), tags['addr:city']].filter(Boolean).join(', ').trim();
}

/** Keys that may make something a place. */
export const PLACE_KEYS: readonly string[] = Object.keys(TYPE_BY_VALUE);

/** Keys that say more about a place: which faith, and where it is. */
export const DETAIL_KEYS: readonly string[] = ['religion', 'addr:street', 'addr:housenumber', 'addr:city'];

/** Tags that make something a place: a key, and the values that count; all of them without. */
export interface TagFilter {
  readonly key: string;
  readonly values?: readonly string[];
}

/** What to look for to find every place that has a type which `isWanted`. Some of what is found may have another. */
export function tagFilters(isWanted: (type: string) => boolean): TagFilter[] {
  const filters: TagFilter[] = [];
  for (const [key, types] of Object.entries(TYPE_BY_VALUE)) {
    const isAnyWanted = ANY_VALUE.has(key) && ANY_PLACE.some(isWanted);
    const values = Object.keys(types).filter((value) => [types[value] ?? '', ...ANY_PLACE].some(isWanted));
    if (key === 'amenity' && Object.values(PLACE_OF_WORSHIP).some(isWanted)) values.push('place_of_worship');
    if (isAnyWanted || (key === 'shop' && isWanted(ANY_SHOP))) filters.push({ key });
    else if (values.length > 0) filters.push({ key, values });
  }
  return filters;
}
