"""Words that engineers use for one another, Russian and English: a question in one is answered by a text in the other.

Each line is one group: Russian words, then English ones. Small on purpose: wrong company does more harm than none.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from storage.terms import STOP_WORDS, word_terms

_GROUPS = """
размещать помещать располагать ставить устанавливать разместить поместить расположить установить | place locate install
назначение предназначен | purpose intended
масса вес | mass weight weigh weighs
высота | height
ширина | width
длина | length
толщина | thickness
диаметр | diameter
глубина | depth
площадь | area
объем | volume
расход | flow consumption
давление | pressure
напор | head
температура | temperature
скорость | speed velocity
мощность | power
напряжение | voltage
питание питаться | supply power powered
ток | current
сопротивление | resistance
частота | frequency
емкость | capacity capacitance
заряд зарядка | charge charging
разряд | discharge
батарея аккумулятор акб | battery accumulator
насос | pump
вентилятор | fan
клапан | valve
фильтр | filter
воздуховод | duct
труба трубопровод | pipe piping pipeline
кабель провод | cable wire
двигатель электродвигатель | motor engine
датчик | sensor
выключатель переключатель тумблер | switch
предохранитель | fuse
разъем соединитель | connector
контакт вывод | pin contact
плата | board
микроконтроллер контроллер мк | microcontroller controller mcu
регистр | register
память | memory
интерфейс | interface
порт | port
сигнал | signal
светодиод индикатор | led indicator
кнопка | button
реле | relay
нагрузка | load
изоляция | insulation
заземление | grounding earthing
пожар пожарный | fire
дверь дверной | door
окно оконный | window
стена | wall
перекрытие плита | slab floor
этаж | floor storey
помещение комната | room
лестница | stair staircase
лифт | elevator lift
кровля крыша | roof
фундамент | foundation
бетон | concrete
сталь | steel
материал | material
марка | grade mark
степень класс категория | degree class category rating
защита | protection
покрытие | coating covering finish
сварка сварной | weld welding
болт винт | bolt screw
крепление | fastening mounting fastener
зазор | gap clearance
нагрев нагреватель | heating heater
охлаждение | cooling
вентиляция | ventilation
отопление | heating
канализация | sewerage drainage
водосток | drain
подключение подключить присоединение | connection connect connected
обслуживание | maintenance service
ремонт | repair
испытание | test testing
проверка | check inspection
хранение | storage
транспортирование | transport transportation
монтаж | installation mounting
эксплуатация | operation use
безопасность | safety
среда | medium environment
запрос | request
сообщение | message
адрес | address
обмен | exchange
байт | byte
бит | bit
ключ | key
номер | number
цвет | colour color
вид | view
разрез | section
узел | detail node
ось | axis grid
строка | row line
столбец графа колонка | column
минимальный наименьший минимум | minimum min minimal
максимальный наибольший максимум | maximum max maximal
номинальный | nominal rated
допустимый | permissible allowable
оптимальный | optimal optimum
внутренний | inner internal indoor
наружный внешний | outer external outdoor
верхний | upper top
нижний | lower bottom
левый | left
правый | right
передний | front
задний | rear back
архитектурный | architectural
концепция | concept
проект | project design
здание | building
строение | structure building
жилой | residential living
холодный | cold
горячий | hot
теплый тепло | warm heat
электрический | electrical electric
механический | mechanical
аварийный авария | emergency alarm fault
защищать | protect protects protected
запись записать | write writing record
чтение читать | read reading
пакет | packet package
комплект комплектность | kit set scope
принадлежность | accessory accessories
поставка | delivery supply
упаковка | packaging package
наушники гарнитура | headset headphones
голос голосовой | voice
звук звуковой | sound
громкость | volume loudness
экран дисплей | display screen
компьютер | computer
устройство прибор | device unit apparatus
система | system
блок | block unit
модуль | module
узел сборка | assembly
деталь | part
корпус | housing case enclosure
вал | shaft
подшипник | bearing
редуктор | gearbox reducer
муфта | coupling clutch
колесо | wheel
рама | frame
балка | beam
колонна | column
перемычка перемычки | lintel jumper
проем отверстие | opening hole
перегородка | partition
потолок | ceiling
пол | floor
отделка | finish finishing
штукатурка | plaster
краска окраска эмаль | paint painting enamel
кирпич | brick
утеплитель теплоизоляция | insulation
гидроизоляция | waterproofing
арматура | reinforcement rebar fittings
резервуар бак | tank reservoir
котел | boiler
теплообменник | exchanger
радиатор | radiator
счетчик | meter counter
манометр | gauge
реактор | reactor
дым дымоудаление | smoke
огонь | fire flame
тушение пожаротушение | extinguishing suppression
автостоянка стоянка | parking garage
водитель | driver
транспорт автомобиль | vehicle car
тормоз | brake
рулевой | steering
топливо | fuel
масло | oil
газ | gas
пар | steam
жидкость | fluid liquid
вещество | substance
опасный | hazardous dangerous
год | year
месяц | month
день сутки | day
час | hour
минута | minute
секунда | second
страница | page
глава | chapter
автор | author
версия редакция | version revision
изменение | change amendment revision
подпись | signature caption
заголовок | heading title
текст | text
формула | formula equation
пример | example
выручка доход | revenue income
прибыль | profit
расходы затраты | expenses expense
размер габарит | size dimension
количество число кол | quantity number count qty
шаг интервал | spacing interval
диапазон предел | range limit
точность погрешность | accuracy tolerance error
отметка | elevation level
уровень | level
срок период | period term
гарантия гарантийный | warranty guarantee
изготовитель производитель | manufacturer
поставщик | supplier
заказчик | customer client
разработать разработчик разработка выполнить | developed designed author drawn
проверить | checked
утвердить | approved
лист | sheet
чертеж | drawing
план | plan
схема | diagram scheme
таблица | table
рисунок | figure
спецификация | specification schedule
ведомость | list schedule
раздел | section chapter
приложение | appendix annex
примечание | note
стандарт гост | standard
документ | document
пароль | password
ошибка | error fault
режим | mode
включение включить | on switch
отключение отключить выключить | off disconnect
вода водоснабжение | water
воздух | air
шум | noise
вибрация | vibration
влажность | humidity
цена стоимость | price cost
дата | date
"""

LEAST_KNOWN = 2
"""Words of a question to be known before it is asked in the other language: one alone leads anywhere. A guess."""

_CYRILLIC = re.compile("[а-я]")


@lru_cache(maxsize=1)
def _companions() -> Mapping[str, frozenset[str]]:
    companions: dict[str, frozenset[str]] = {}
    for group in _GROUPS.strip().splitlines():
        terms = _terms(group)
        for term in terms:
            companions[term] = companions.get(term, frozenset()) | terms - {term}
    return companions


def _terms(words: str) -> frozenset[str]:
    return frozenset(term for word in words.split() if word not in STOP_WORDS for term in word_terms(word))


def companions_of(term: str) -> frozenset[str]:
    """The terms that stand for `term` in the same or the other language; empty for most."""
    return _companions().get(term, frozenset())


def translated(question: str) -> str:
    """What a text in the other language would say for the question's words, as a query of stems; designations stay.
    Empty when it knows fewer than two of the words."""
    terms = list(dict.fromkeys(term for word in question.split() for term in sorted(word_terms(word))))
    words = [term for term in terms if term.isalpha()]
    own_is_cyrillic = 2 * sum(map(_is_cyrillic, words)) >= len(words)
    found = [sorted(other for other in companions_of(term) if _is_cyrillic(other) != own_is_cyrillic) for term in terms]
    known = [forms for forms in found if forms]
    if len(known) < LEAST_KNOWN:
        return ""
    return " ".join([*(form for forms in known for form in forms), *(term for term in terms if not term.isalpha())])


def _is_cyrillic(term: str) -> bool:
    return _CYRILLIC.search(term) is not None
