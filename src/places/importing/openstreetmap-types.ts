// OpenStreetMap tags to the types that Nearby Search documents. What has no type of its own there is a plain
// point of interest (a shop: a store); what nobody looks for by name near a position is no place at all.

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

/** Tags that tell whether something is a place, and of which type. */
export const PLACE_KEYS: readonly string[] = [...Object.keys(TYPE_BY_VALUE), 'religion'];

type Tags = Readonly<Record<string, unknown>>;

/** The types of whatever has these tags, or undefined when it is no place. The first key that tells more than "a place" wins. */
export function placeTypes(tags: Tags): readonly string[] | undefined {
  let isPlace = false;
  for (const [key, types] of Object.entries(TYPE_BY_VALUE)) {
    const value = tags[key];
    if (typeof value !== 'string' || value === 'no' || FURNITURE.has(value)) continue;
    const type = value === 'place_of_worship' ? named(PLACE_OF_WORSHIP, String(tags['religion'])) : named(types, value);
    if (type) return [type, 'point_of_interest', 'establishment'];
    if (key === 'shop') return ['store', 'point_of_interest', 'establishment'];
    isPlace ||= ANY_VALUE.has(key);
  }
  return isPlace ? ['point_of_interest', 'establishment'] : undefined;
}

/** A value may be called `constructor`. */
function named(types: Readonly<Record<string, string>>, value: string): string | undefined {
  return Object.hasOwn(types, value) ? types[value] : undefined;
}

/** Street and number, and town: only what the tags say, nothing is filled in. */
export function vicinityOf(tags: Tags): string {
  const street = tags['addr:street'];
  const house = street && tags['addr:housenumber'];
  return [[street, house].filter(Boolean).join(' '), tags['addr:city']].filter(Boolean).join(', ').trim();
}

/** Tags that `vicinityOf` looks at. */
export const VICINITY_KEYS: readonly string[] = ['addr:street', 'addr:housenumber', 'addr:city'];
